using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Chat.Host.SocketIo;
using Chat.Tests.Support;

namespace Chat.Tests.SocketIo;

/// <summary>The clients that people use, of npm.</summary>
[RequiresNodeClients]
public sealed class NodeClientTests
{
    private const string OldVersion = """400 {"code":5,"message":"Unsupported protocol version"}""";

    [ContractFact]
    public Task Socket_IO_by_polling_and_upgrade() => PlaySocketIoAsync("default", "websocket");

    [ContractFact]
    public Task Socket_IO_by_polling_alone() => PlaySocketIoAsync("polling", "polling");

    [ContractFact]
    public Task Socket_IO_by_WebSocket_alone() => PlaySocketIoAsync("websocket", "websocket");

    [ContractFact]
    public Task Engine_IO_by_polling_and_upgrade() => PlayEngineIoAsync("default", "websocket");

    [ContractFact]
    public Task Engine_IO_by_polling_alone() => PlayEngineIoAsync("polling", "polling");

    [ContractFact]
    public Task Engine_IO_by_WebSocket_alone() => PlayEngineIoAsync("websocket", "websocket");

    [ContractFact]
    public async Task A_client_of_Engine_IO_3_is_told_so()
    {
        await using var host = await SocketIoHost.StartAsync(time: TimeProvider.System);
        var (_, output, _) = await SchemaCheck.RunAsync("node", ["old-engine-io.mjs", host.Address.ToString().TrimEnd('/')], []);
        Assert.Equal(OldVersion, output.Trim());
        using var response = await host.Http.GetAsync("/socket.io/?EIO=3&transport=polling&t=abc");
        Assert.Equal(OldVersion, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private static async Task PlaySocketIoAsync(string transports, string last)
    {
        await using var host = await EventTests.StartAsync(time: TimeProvider.System);
        var left = new ConcurrentQueue<DisconnectReason>();
        var main = host.Server.Of("/");
        main.OnConnected = (socket, auth) =>
        {
            socket.Emit("auth", w => w.Json.WriteRawValue(JsonMarshal.GetRawUtf8Value(auth!.Value)));
            return default;
        };
        main.OnDisconnected = (_, reason) =>
        {
            left.Enqueue(reason);
            return default;
        };
        main.On("drop me", e =>
        {
            e.Socket.Session.Close(1012, "The server is stopping");
            return default;
        });
        host.Server.Of("/custom").On("dismiss me", e =>
        {
            e.Socket.Disconnect();
            return default;
        });
        var seen = await PlayAsync(host, "socket", transports);
        Assert.Equal("""{"token":"123","name":"지수"}""", Text(seen["auth"]));
        Assert.Equal("true", Text(seen["inOrder"]));
        Assert.Equal(last, seen["transport"]!.GetValue<string>());
        Assert.Equal("""["한글 <b>",{"deep":[{"bytes":[1,2,3]}]},{"bytes":[255]},null]""", Text(seen["back"]));
        Assert.Equal("\"only one\"", Text(seen["ack"]));
        Assert.Equal("""[{"bytes":[9]}]""", Text(seen["binaryAck"]));
        Assert.Equal("true", Text(seen["ownId"]));
        Assert.Equal("Invalid namespace", seen["refused"]!.GetValue<string>());
        Assert.Equal("io server disconnect", seen["dismissed"]!.GetValue<string>());
        Assert.Equal("transport close", seen["dropped"]!.GetValue<string>());
        Assert.Equal("\"again\"", Text(seen["backAgain"]));
        await SocketIoHost.UntilAsync(() => left.Count == 2);
        Assert.Equal(DisconnectReason.ServerClosed, left.First());
        Assert.True(left.Last() is DisconnectReason.ClientLeft or DisconnectReason.TransportClosed or DisconnectReason.TransportError, left.Last().ToString());
    }

    private static async Task PlayEngineIoAsync(string transports, string last)
    {
        await using var host = await SocketIoHost.StartAsync(time: TimeProvider.System);
        var seen = await PlayAsync(host, "engine", transports);
        Assert.Equal("""["한글",{"bytes":[1,2]},100000]""", Text(seen["messages"]));
        Assert.Equal(last, seen["transport"]!.GetValue<string>());
        Assert.Equal("forced close", seen["closed"]!.GetValue<string>());
    }

    private static async Task<JsonObject> PlayAsync(SocketIoHost host, string what, string transports)
    {
        var (code, output, error) = await SchemaCheck.RunAsync("node", ["socket-io.mjs", what, host.Address.ToString().TrimEnd('/'), transports], []);
        Assert.True(code == 0, error);
        return JsonNode.Parse(output)!.AsObject();
    }

    private static string Text(JsonNode? node) =>
        node?.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) ?? "missing";
}
