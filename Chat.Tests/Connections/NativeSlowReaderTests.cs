using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Readers that are slower than their session.</summary>
public sealed class NativeSlowReaderTests
{
    /// <summary>2 KB each: 16 MB are more than the sockets of both sides hold.</summary>
    private const int Burst = 8000;

    private static readonly string Padding = new('x', 2000);

    [Fact]
    public async Task A_reader_that_stops_for_a_while_sees_everything_once_and_in_order()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { QueueLimit = 64 * 1024 } });
        var session = await server.CreateSessionAsync("mina", "juno");
        await using var slow = await NativeClient.ConnectSlowAsync(server, session, "juno", since: 0);
        for (var burst = 0; burst < 3; burst++)
        {
            slow.Pause();
            await PourAsync(server, session, burst == 0 ? Burst : 1000);
            slow.Resume();
        }
        await server.PostAsync(session, "mina", "the last one");
        await slow.ExpectAsync("message", f => f.Text("content") == "the last one");

        var transcript = new Transcript();
        transcript.AddAll(slow.Frames);
        Assert.Equal(Transcript.OfLog(await server.LogAsync(session)), transcript.Lines);
        Assert.Single(slow.All("synced"));
    }

    [Fact]
    public async Task A_reader_too_far_behind_is_closed_with_1013_and_comes_back_with_its_cursor()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { QueueLimit = 64 * 1024, MaxLag = 100 } });
        var session = await server.CreateSessionAsync("mina", "juno");
        await using var slow = await NativeClient.ConnectSlowAsync(server, session, "juno", since: 0);
        slow.Resume();
        await slow.ExpectAsync("synced");
        slow.Pause();
        await PourAsync(server, session, Burst);
        slow.Resume();

        Assert.Equal(1013, (await slow.ClosedAsync()).Code);
        var transcript = new Transcript();
        transcript.AddAll(slow.Frames);
        Assert.InRange(transcript.Lines.Count, 1, Burst - 100);

        await using var back = await NativeClient.ConnectAsync(server, session, "juno", transcript.Cursor);
        await back.ExpectAsync("synced");
        transcript.AddAll(back.Frames);
        Assert.Equal(Transcript.OfLog(await server.LogAsync(session)), transcript.Lines);
    }

    [Fact]
    public async Task A_reader_that_never_reads_is_let_go_after_the_write_time_out()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(
            o => o with { WebSocket = o.WebSocket with { QueueLimit = 64 * 1024, WriteTimeout = TimeSpan.FromSeconds(40), ConnectionTimeout = TimeSpan.FromHours(1) } }, time);
        var session = await server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(server, session, "mina");
        await using var never = await NativeClient.ConnectSlowAsync(server, session, "juno");
        await mina.ExpectAsync("user_joined");
        await PourAsync(server, session, Burst);

        // The write that does not end may have begun a moment before or after any of these steps.
        var left = mina.ExpectAsync("user_left");
        while (!left.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await mina.SettleAsync();
        }

        Assert.Equal("juno", (await left).Text("user_id"));
    }

    private static async Task PourAsync(TestServer server, string session, int count)
    {
        foreach (var numbers in Enumerable.Range(1, count).Chunk(500))
        {
            await Task.WhenAll(numbers.Select(n => server.PostAsync(session, "mina", $"{n} {Padding}")));
        }
    }
}
