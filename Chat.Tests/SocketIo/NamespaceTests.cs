using System.Collections.Concurrent;
using Chat.Host.SocketIo;

namespace Chat.Tests.SocketIo;

/// <summary>Joining and leaving namespaces.</summary>
public sealed class NamespaceTests
{
    [Fact]
    public async Task A_client_joins_with_its_auth_and_is_told_an_id_of_its_own()
    {
        await using var host = await SocketIoHost.StartAsync();
        string? given = null;
        SocketIoSocket? joined = null;
        host.Server.Of("/").OnConnected = (socket, auth) =>
        {
            (joined, given) = (socket, auth?.GetRawText());
            socket.Emit("welcome");
            return default;
        };
        using var client = await EngineSocket.ConnectAsync(host, "/socket.io/");
        await client.SendAsync("40{\"token\":\"123\"}");
        Assert.Equal($$"""40{"sid":"{{await IdAsync()}}"}""", await client.ReadAsync());
        Assert.Equal("42[\"welcome\"]", await client.ReadAsync());
        Assert.Equal("{\"token\":\"123\"}", given);
        Assert.NotEqual(joined!.Session.Id, joined.Id);
        Assert.True(joined.IsConnected);

        async Task<string> IdAsync()
        {
            await SocketIoHost.UntilAsync(() => joined is not null);
            return joined!.Id;
        }
    }

    [Theory]
    [InlineData("40/random", "44/random,{\"message\":\"Invalid namespace\"}")]
    [InlineData("40/random,", "44/random,{\"message\":\"Invalid namespace\"}")]
    [InlineData("40", "44{\"message\":\"Not authorized\",\"data\":{\"code\":7}}")]
    public async Task A_client_that_may_not_join_is_told_why_and_may_go_on(string connect, string expected)
    {
        await using var host = await SocketIoHost.StartAsync();
        host.Server.Of("/").OnConnecting = (_, _) => new(new ConnectRefusal("Not authorized", json =>
        {
            json.WriteStartObject();
            json.WriteNumber("code", 7);
            json.WriteEndObject();
        }));
        host.Server.Of("/open");
        using var client = await EngineSocket.ConnectAsync(host, "/socket.io/");
        await client.SendAsync(connect);
        Assert.Equal(expected, await client.ReadAsync());
        await client.SendAsync("40/open");
        Assert.StartsWith("40/open,{\"sid\":", await client.ReadAsync());
    }

    [Fact]
    public async Task A_client_may_be_in_several_namespaces_but_not_in_too_many()
    {
        await using var host = await SocketIoHost.StartAsync(options: new SocketIoOptions { MaxNamespaces = 2 });
        foreach (var name in (string[])["/", "/a", "/b"])
        {
            host.Server.Of(name).On("which", e =>
            {
                e.Ack(w => w.Json.WriteStringValue(name));
                return default;
            });
        }
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("40/a,");
        Assert.StartsWith("40/a,", await client.ReadAsync());
        await client.SendAsync("40/b,");
        Assert.Equal("44/b,{\"message\":\"Too many namespaces\"}", await client.ReadAsync());
        await client.SendAsync("42/a,1[\"which\"]");
        Assert.Equal("43/a,1[\"/a\"]", await client.ReadAsync());
        await client.SendAsync("422[\"which\"]");
        Assert.Equal("432[\"/\"]", await client.ReadAsync());
    }

    [Fact]
    public async Task Whoever_leaves_one_namespace_stays_in_the_others()
    {
        await using var host = await SocketIoHost.StartAsync();
        var left = new ConcurrentQueue<string>();
        foreach (var name in (string[])["/", "/a"])
        {
            host.Server.Of(name).OnDisconnected = (socket, reason) =>
            {
                left.Enqueue($"{socket.Namespace.Name} {reason} {socket.IsConnected}");
                return default;
            };
        }
        host.Server.Of("/").On("message", e =>
        {
            e.Socket.Emit("message-back", w => w.WriteAll(e.Arguments));
            return default;
        });
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("40/a");
        Assert.StartsWith("40/a,", await client.ReadAsync());
        await client.SendAsync("41/a");
        await client.SendAsync("42[\"message\",1]");
        Assert.Equal("42[\"message-back\",1]", await client.ReadAsync());
        Assert.Equal(["/a ClientLeft False"], left);
        await client.CloseAsync();
        await SocketIoHost.UntilAsync(() => left.SequenceEqual(["/a ClientLeft False", "/ TransportClosed False"]));
    }

    [Fact]
    public async Task The_server_may_end_one_namespace_and_forgives_what_was_on_its_way()
    {
        await using var host = await SocketIoHost.StartAsync();
        var left = new ConcurrentQueue<DisconnectReason>();
        var space = host.Server.Of("/");
        space.On("leave", e =>
        {
            e.Socket.Disconnect();
            e.Socket.Disconnect();
            e.Socket.Emit("not sent");
            e.Ack();
            return default;
        });
        space.OnDisconnected = (_, reason) =>
        {
            left.Enqueue(reason);
            return default;
        };
        using var client = await EngineSocket.JoinAsync(host);
        await client.SendAsync("421[\"leave\"]");
        Assert.Equal("41", await client.ReadAsync());
        await client.SendAsync("42[\"too\",\"late\"]");
        await client.SendAsync("40");
        Assert.StartsWith("40{", await client.ReadAsync());
        await SocketIoHost.UntilAsync(() => left.SequenceEqual([DisconnectReason.ServerLeft]));
    }

    [Fact]
    public async Task Whoever_joins_nothing_in_time_is_closed()
    {
        await using var host = await SocketIoHost.StartAsync(options: new SocketIoOptions { ConnectTimeout = TimeSpan.FromSeconds(1) });
        host.Server.Of("/");
        using var joined = await EngineSocket.JoinAsync(host);
        using var idle = await EngineSocket.ConnectAsync(host, "/socket.io/");
        var polling = await PollingClient.OpenAsync(host, "/socket.io/");
        await polling.PostAsync("40/nowhere");
        host.Time.Advance(1000);
        Assert.Equal("close 1008 No namespace joined", await idle.ReadAsync());
        Assert.Equal("200 44/nowhere,{\"message\":\"Invalid namespace\"}\u001e1", await polling.PollAsync());
        await joined.SendAsync("40/x");
        Assert.StartsWith("44/x,", await joined.ReadAsync());
    }

    [Theory]
    [InlineData("poll", DisconnectReason.TransportClosed)]
    [InlineData("silence", DisconnectReason.PingTimeout)]
    [InlineData("nonsense", DisconnectReason.ParseError)]
    [InlineData("server", DisconnectReason.ServerClosed)]
    public async Task The_reason_of_an_end_is_told(string way, DisconnectReason expected)
    {
        await using var host = await SocketIoHost.StartAsync();
        var left = new ConcurrentQueue<DisconnectReason>();
        host.Server.Of("/").OnDisconnected = (_, reason) =>
        {
            left.Enqueue(reason);
            return default;
        };
        var client = await PollingClient.JoinAsync(host);
        switch (way)
        {
            case "poll":
                await client.PostAsync("1");
                break;
            case "silence":
                host.Time.Advance(TimeSpan.FromSeconds(45));
                break;
            case "nonsense":
                Assert.StartsWith("400 ", await client.PostAsync("4nonsense"));
                break;
            default:
                host.Server.CloseAll(1012, "The server is stopping");
                break;
        }
        await SocketIoHost.UntilAsync(() => left.SequenceEqual([expected]));
    }
}
