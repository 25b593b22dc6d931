using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Who is here, who is typing, who has read how far: shown to the others on a clock that the test moves.</summary>
public sealed class NativePresenceTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestServer _server = null!;
    private string _session = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(time: _time);
        _session = await _server.CreateSessionAsync("mina", "juno", "sora");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_user_joins_with_the_first_socket_and_leaves_with_the_last()
    {
        await using var mina = await ConnectAsync("mina");
        var first = await ConnectAsync("juno");
        Assert.Equal("juno", (await mina.ExpectAsync("user_joined")).Text("user_id"));
        var second = await ConnectAsync("juno");
        await first.CloseAsync();
        await using var sora = await ConnectAsync("sora");
        await mina.ExpectAsync("user_joined", f => f.Text("user_id") == "sora");
        Assert.Empty(mina.All("user_left"));

        await second.BreakAsync();

        Assert.Equal("juno", (await mina.ExpectAsync("user_left")).Text("user_id"));
        Assert.Equal(2, mina.All("user_joined").Count);
        Assert.DoesNotContain(mina.All("user_joined"), f => f.Text("user_id") == "mina");
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Joining_and_leaving_at_once_ends_in_what_is_true()
    {
        await using var mina = await ConnectAsync("mina");
        var events = new List<string>();

        var coming = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                await using var juno = await ConnectAsync("juno");
                await juno.CloseAsync();
            }
        });
        await Task.WhenAll(coming);
        await using var sora = await ConnectAsync("sora");
        await mina.ExpectAsync("user_joined", f => f.Text("user_id") == "sora");
        await using var last = await ConnectAsync("juno");
        await last.PostAsync("the end");
        await mina.ExpectAsync("message");

        events.AddRange(mina.Frames.Where(f => f.Event is "user_joined" or "user_left" && f.Text("user_id") == "juno").Select(f => f.Event!));
        Assert.Equal(events.Select((_, i) => i % 2 == 0 ? "user_joined" : "user_left"), events);
        Assert.Equal("user_joined", events[^1]);
    }

    [Fact]
    public async Task Typing_is_shown_to_the_others_and_not_to_the_typists_own_tabs()
    {
        await using var mina = await ConnectAsync("mina");
        await using var otherTab = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");

        await mina.SendAsync(new { type = "typing", is_typing = true });
        var typing = await juno.ExpectAsync("typing");
        Assert.Equal(("mina", true), (typing.Text("user_id"), typing.Flag("is_typing")));
        Assert.False(typing.IsStored);
        await mina.SendAsync(new { type = "typing", is_typing = false });
        Assert.False((await juno.ExpectAsync("typing")).Flag("is_typing"));

        await mina.SettleAsync();
        await otherTab.SettleAsync();
        Assert.Empty(mina.All("typing"));
        Assert.Empty(otherTab.All("typing"));
    }

    [Fact]
    public async Task Typing_is_switched_off_after_6_seconds_without_news()
    {
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");
        await mina.SendAsync(new { type = "typing", is_typing = true });
        Assert.True((await juno.ExpectAsync("typing")).Flag("is_typing"));

        _time.Advance(TimeSpan.FromSeconds(5));
        await mina.SendAsync(new { type = "typing", is_typing = true });
        await mina.SettleAsync();
        _time.Advance(TimeSpan.FromSeconds(5.9));
        await juno.SettleAsync();
        Assert.Single(juno.All("typing"));

        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.False((await juno.ExpectAsync("typing")).Flag("is_typing"));
    }

    [Fact]
    public async Task One_who_leaves_types_no_more()
    {
        await using var juno = await ConnectAsync("juno");
        await using var mina = await ConnectAsync("mina");
        await mina.SendAsync(new { type = "typing", is_typing = true });
        await juno.ExpectAsync("typing");

        await mina.CloseAsync();

        Assert.False((await juno.ExpectAsync("typing")).Flag("is_typing"));
        await juno.ExpectAsync("user_left");
    }

    [Fact]
    public async Task Read_markers_are_shown_to_the_others_once_a_second_and_only_rise()
    {
        await _server.PostManyAsync(_session, "mina", 9);
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");

        await ReadAsync(mina, 3);
        var read = await juno.ExpectAsync("read");
        Assert.Equal(("mina", 3L), (read.Text("user_id"), read.Seq));
        foreach (var seq in new[] { 4, 7, 6, 5 })
        {
            await ReadAsync(mina, seq);
        }
        await juno.SettleAsync();
        Assert.Single(juno.All("read"));

        _time.Advance(Presence.ReadInterval);
        Assert.Equal(7, (await juno.ExpectAsync("read")).Seq);

        _time.Advance(Presence.ReadInterval);
        _time.Advance(Presence.ReadInterval);
        await ReadAsync(mina, 2);
        await ReadAsync(mina, 7);
        await ReadAsync(mina, 8);
        Assert.Equal(8, (await juno.ExpectAsync("read")).Seq);
        await ReadAsync(mina, 1);
        _time.Advance(Presence.ReadInterval);
        await juno.SettleAsync();
        await mina.SettleAsync();
        Assert.Equal([3L, 7L, 8L], juno.All("read").Select(f => f.Seq));
        Assert.Empty(mina.All("read"));
        Assert.Equal(8, await _server.Node.Markers.ReadAsync("mina", new(_session)));
    }

    [Fact]
    public async Task A_marker_beyond_what_was_shown_is_cut_to_that()
    {
        await _server.PostManyAsync(_session, "mina", 2);
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");

        await ReadAsync(mina, 1_000_000);

        Assert.Equal(3, (await juno.ExpectAsync("read")).Seq);
    }

    [Fact]
    public async Task A_marker_that_is_no_seq_is_refused_and_the_socket_lives_on()
    {
        await _server.PostManyAsync(_session, "mina", 2);
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");

        foreach (var seq in new[] { "-1", "9223372036854775808", "1.5", "\"2\"", "null" })
        {
            await mina.SendTextAsync($$"""{"type":"read","seq":{{seq}}}""");
            await mina.ExpectErrorAsync("BAD_FIELD");
        }
        await ReadAsync(mina, 0);
        await juno.SettleAsync();
        Assert.Empty(juno.All("read"));
        Assert.Equal(0, await _server.Node.Markers.ReadAsync("mina", new(_session)));

        await ReadAsync(mina, long.MaxValue);
        Assert.Equal(3, (await juno.ExpectAsync("read")).Seq);
        Assert.Equal(3, await _server.Node.Markers.ReadAsync("mina", new(_session)));
    }

    [Fact]
    public async Task What_is_archived_is_read_on()
    {
        await _server.PostManyAsync(_session, "mina", 2);
        await using var mina = await ConnectAsync("mina");
        await using var juno = await ConnectAsync("juno");
        await _server.DoAsync(_session, new ArchiveSession { Caller = new Caller("mina", "mina") });
        await juno.ExpectAsync("session_archived");

        await ReadAsync(juno, 2);

        Assert.Equal(2, (await mina.ExpectAsync("read")).Seq);
        Assert.Equal(2, await _server.Node.Markers.ReadAsync("juno", new(_session)));
    }

    [Fact]
    public async Task A_shown_marker_does_not_go_back_when_its_user_comes_back()
    {
        await _server.PostManyAsync(_session, "mina", 9);
        await using var juno = await ConnectAsync("juno");
        await using (var before = await ConnectAsync("mina"))
        {
            await ReadAsync(before, 8);
            await before.CloseAsync();
        }
        await juno.ExpectAsync("user_left");
        await using var mina = await ConnectAsync("mina");

        await ReadAsync(mina, 2);
        _time.Advance(Presence.ReadInterval);
        await juno.SettleAsync();

        Assert.Equal([8L], juno.All("read").Select(f => f.Seq));
    }

    [Fact]
    public async Task What_passes_is_seen_only_by_those_who_are_in()
    {
        await using var mina = await ConnectAsync("mina");
        await using var typist = await ConnectAsync("sora");

        var refused = Enumerable.Range(0, 20).Select(async _ =>
        {
            await using var stranger = await NativeClient.OpenAsync(_server, _session, NativeClient.Query(_server.Token("eve")));
            Assert.Equal(1008, (await stranger.ClosedAsync()).Code);
            return stranger.Frames.Count;
        }).ToList();
        for (var i = 0; i < 200; i++)
        {
            await typist.SendAsync(new { type = "typing", is_typing = i % 2 == 0 });
        }

        Assert.All(await Task.WhenAll(refused), count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task The_connected_frame_stays_the_first_however_much_passes()
    {
        await using var typist = await ConnectAsync("sora");
        using var stop = new CancellationTokenSource();
        var typing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await typist.SendAsync(new { type = "typing", is_typing = i % 2 == 0 });
                await typist.SettleAsync();
            }
        });

        for (var i = 0; i < 30; i++)
        {
            await using var juno = await ConnectAsync("juno");
            Assert.Equal("connected", juno.Frames[0].Event);
        }

        await stop.CancelAsync();
        await typing;
    }

    private Task<NativeClient> ConnectAsync(string user) => NativeClient.ConnectAsync(_server, _session, user);

    private static async Task ReadAsync(NativeClient client, long seq)
    {
        await client.SendAsync(new { type = "read", seq });
        await client.SettleAsync();
    }
}
