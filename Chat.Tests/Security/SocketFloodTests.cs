using Chat.Actors.Delivery;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>Small frames that cost the server or everyone else much: sent in a loop, they cost it once in a while.</summary>
public sealed class SocketFloodTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestServer _server = null!;
    private string _session = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(time: _time);
        _session = await _server.CreateSessionAsync("mina", "juno");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Typing_in_a_loop_is_shown_once_a_second()
    {
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");

        await TypeAsync(mina, [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0), true]);
        await juno.SettleAsync();
        Assert.Equal([true, false], Shown(juno));

        // What the typist ended with is what is shown when the second is over.
        _time.Advance(Presence.TypingInterval);
        await juno.SettleAsync();
        Assert.Equal([true, false, true], Shown(juno));

        await TypeAsync(mina, false, true, false);
        _time.Advance(Presence.TypingInterval);
        await juno.SettleAsync();
        Assert.Equal([true, false, true, false], Shown(juno));

        _time.Advance(Presence.TypingInterval);
        await TypeAsync(mina, true);
        _time.Advance(Presence.TypingLifetime);
        await juno.SettleAsync();
        Assert.Equal([true, false, true, false, true, false], Shown(juno));
    }

    [Fact]
    public async Task Leaving_and_coming_back_starts_no_new_second()
    {
        await using var juno = await ConnectAsync("juno");
        for (var i = 0; i < 5; i++)
        {
            await using var mina = await ConnectAsync("mina");
            await TypeAsync(mina, true);
            await mina.CloseAsync();
            await juno.ExpectAsync("user_left");
        }

        Assert.Equal([true, false], Shown(juno));
        _time.Advance(Presence.TypingInterval);
        Assert.Equal([true, false], Shown(juno));
    }

    [Fact]
    public async Task A_replay_asked_for_in_a_loop_waits_for_a_rest()
    {
        await _server.PostManyAsync(_session, "mina", 500);
        await using var juno = await ConnectAsync("juno");
        await juno.SendAsync(new { type = "sync", since = 0 });
        await juno.ExpectAsync("synced");

        for (var i = 0; i < 20; i++)
        {
            await juno.SendAsync(new { type = "sync", since = 0 });
        }
        await juno.SettleAsync();
        _time.Advance(TimeSpan.FromSeconds(1.5));
        await juno.SettleAsync();
        Assert.Equal(500, juno.All("message").Count);

        // A second, and a millisecond for each of the 501 events.
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await juno.ExpectAsync("synced");
        Assert.Equal(1000, juno.All("message").Count);
    }

    [Fact]
    public async Task One_who_rests_gets_what_is_new()
    {
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");
        await juno.SendAsync(new { type = "sync", since = 0 });
        await juno.ExpectAsync("synced");
        await juno.SendAsync(new { type = "sync", since = 0 });

        await mina.PostAsync("hello");

        await juno.ExpectAsync("message");
    }

    private Task<NativeClient> ConnectAsync(string user) => NativeClient.ConnectAsync(_server, _session, user);

    private static async Task TypeAsync(NativeClient client, params bool[] changes)
    {
        foreach (var change in changes)
        {
            await client.SendAsync(new { type = "typing", is_typing = change });
        }
        await client.SettleAsync();
    }

    private static IEnumerable<bool> Shown(NativeClient client) => client.All("typing").Select(frame => frame.Flag("is_typing"));
}
