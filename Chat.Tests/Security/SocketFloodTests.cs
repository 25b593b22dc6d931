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
