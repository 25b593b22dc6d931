using Chat.Host.Faces.Rooms;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static Chat.Tests.Faces.RoomSocketTests;

namespace Chat.Tests.Faces;

/// <summary>Many readers of one room, and slow ones.</summary>
public sealed class RoomFanOutTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_slow_reader_gets_the_newest_list_only()
    {
        await using var slow = await FaceClient.OpenSlowAsync(_server, "/ws/chat/slow?token=" + _server.Token("juno"));
        await using var quick = await OpenAsync("slow", "mina");
        // Lists of 1 MB: no socket holds two hundred of them.
        var padding = new string('x', 19_000);
        const int Messages = 200;
        for (var i = 1; i <= Messages; i++)
        {
            await _server.PostAsync("room:slow", "mina", $"{i} {padding}");
        }

        bool IsLast(System.Text.Json.JsonElement f) => f.GetProperty("messages") is var list && list[list.GetArrayLength() - 1].GetProperty("content").GetString() == $"{Messages} {padding}";
        await quick.ExpectAsync("messages", IsLast);
        slow.Resume();
        await slow.ExpectAsync("messages", IsLast);

        Assert.InRange(slow.Frames.Count, 1, Messages / 2);
        Assert.Equal(50, slow.Frames[^1].GetProperty("messages").GetArrayLength());
    }

    [Fact]
    public async Task Readers_that_come_while_many_write_all_end_at_the_same_list()
    {
        var writers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => OpenAsync("busy", $"w{i}")));
        var writing = Task.WhenAll(writers.Select((writer, w) => WriteAsync(writer, w)));
        var readers = new List<FaceClient>();
        while (!writing.IsCompleted && readers.Count < 40)
        {
            readers.Add(await OpenAsync("busy", $"r{readers.Count}"));
        }
        await writing;
        await _server.PostAsync("room:busy", "w0", "the last one");

        var lists = new HashSet<string>();
        foreach (var client in readers.Concat(writers))
        {
            lists.Add((await client.ExpectAsync("messages", f => f.GetRawText().Contains("the last one", StringComparison.Ordinal))).GetRawText());
            await client.DisposeAsync();
        }
        Assert.Equal(50, NumberOfMessages(Assert.Single(lists)));

        static async Task WriteAsync(FaceClient writer, int w)
        {
            for (var i = 0; i < 100; i++)
            {
                await writer.SendAsync(new { username = $"writer {w}", content = $"{w}.{i}", client_message_id = $"{i}" });
            }
            await writer.ExpectAsync("ack", f => f.Text("client_message_id") == "99");
        }
    }

    [Fact]
    public async Task A_room_that_everybody_has_left_keeps_no_list()
    {
        var rooms = _server.Services.GetRequiredService<RoomServices>().Rooms;
        await using (var client = await OpenAsync("left", "mina"))
        {
            await client.SendAsync(new { username = "mina", content = "bye" });
            await ListAsync(client, 1);
            Assert.Equal(1, rooms.Count);
        }
        await using (var refused = await FaceClient.OpenAsync(_server, "/ws/chat/left?token=nonsense"))
        {
            await refused.ClosedAsync();
        }
        await using var watcher = await NativeClient.ConnectAsync(_server, "room:left", "watcher");
        for (var i = 0; rooms.Count > 0 && i < 3000; i++)
        {
            // Each round trip gives the server's sockets time to end.
            await watcher.SettleAsync();
        }
        Assert.Equal(0, rooms.Count);

        await using var back = await OpenAsync("left", "mina");
        Assert.Equal("bye", Assert.Single(await ListAsync(back, 1)).Text("content"));
    }

    private static int NumberOfMessages(string list) => System.Text.Json.JsonDocument.Parse(list).RootElement.GetProperty("messages").GetArrayLength();

    private Task<FaceClient> OpenAsync(string room, string user) => FaceClient.OpenAsync(_server, $"/ws/chat/{room}?token={_server.Token(user)}");
}
