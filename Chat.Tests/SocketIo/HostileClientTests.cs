using System.Globalization;
using System.Text;
using Chat.Host.SocketIo;
using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>What a client may send to harm the server ends its own session, and is no error of the server's (<see cref="SocketIoHost"/> sees to that).</summary>
public sealed class HostileClientTests
{
    public static TheoryData<string> Packets =>
    [
        // Not joined.
        "42[\"message\"]", "41", "43[]", "4abc", "4",
        "40[]", "40null", "40\"auth\"", "401{}x", "40{", "44{\"message\":\"no\"}",
        "40/" + new string('n', 60_000),
        // Joined first.
        "40 42", "40 42{}", "40 42[]", "40 42[{}]", "40 42[null,1]", "40 42abc[\"message-with-ack\"]", "40 42[\"message\"", "40 42[\"message\"]x",
        "40 4299999999999999999999[\"message\"]", "40 42/other,[\"message\"]", "40 40", "40 41{}", "40 43[]", "40 431{}", "40 44{}", "40 47",
        "40 45[\"message\"]", "40 45-[\"message\"]", "40 4511-[\"message\"]", "40 45999999999999-[\"message\"]", "40 bAQID",
        "40 451-[\"message\",{\"_placeholder\":true,\"num\":0}] 42[\"message\"]",
        "40 451-[\"message\",{\"_placeholder\":true,\"num\":1}] bAQID", "40 451-[\"message\",{\"_placeholder\":true,\"num\":-1}] bAQID",
        "40 451-[\"message\",{\"_placeholder\":true,\"num\":\"x\"}] bAQID", "40 451-[\"message\",[{\"_placeholder\":true,\"num\":99999999999}]] bAQID",
        "40 451-{} bAQID", "40 451- bAQID", "40 461-1{} bAQID",
    ];

    [Theory]
    [MemberData(nameof(Packets))]
    public async Task What_is_no_packet_ends_the_session_on_either_transport(string packets)
    {
        await using var host = await EventTests.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host, "/socket.io/");
        foreach (var packet in packets.Split(' '))
        {
            await (packet[0] == 'b' ? socket.SendAsync(Convert.FromBase64String(packet[1..])) : socket.SendAsync(packet));
        }
        string last;
        while (!(last = await socket.ReadAsync()).StartsWith("close", StringComparison.Ordinal))
        {
        }
        Assert.Equal("close 1008 Not the protocol", last);

        var client = await PollingClient.OpenAsync(host, "/socket.io/");
        Assert.StartsWith("400 ", await client.PostAsync(packets.Replace(' ', '\u001e')));
        Assert.StartsWith("400 ", await client.PollAsync());
    }

    [Theory]
    [InlineData("4{0}[\"message\",{1}1{2}]")]
    [InlineData("42[\"message\",{1}1")]
    public async Task JSON_100000_levels_deep_ends_its_session_alone(string form)
    {
        await using var host = await EventTests.StartAsync();
        var text = string.Format(CultureInfo.InvariantCulture, form, 2, new string('[', 100_000), new string(']', 100_000));
        using var socket = await EngineSocket.JoinAsync(host);
        await socket.SendAsync(text);
        Assert.Equal("close 1008 Not the protocol", await socket.ReadAsync());
        var client = await PollingClient.JoinAsync(host);
        Assert.StartsWith("400 ", await client.PostAsync(text));
        using var auth = await EngineSocket.ConnectAsync(host, "/socket.io/");
        await auth.SendAsync("40{\"a\":" + new string('[', 100_000));
        Assert.Equal("close 1008 Not the protocol", await auth.ReadAsync());
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(31, true)]
    [InlineData(32, false)]
    public async Task The_depth_of_JSON_is_an_option(int levels, bool isTaken)
    {
        await using var host = await EventTests.StartAsync(options: new SocketIoOptions { MaxDepth = 32 });
        using var socket = await EngineSocket.JoinAsync(host);
        await socket.SendAsync($"42[\"message\",{new string('[', levels)}{new string(']', levels)}]");
        Assert.StartsWith(isTaken ? "42[\"message-back\",[" : "close 1008", await socket.ReadAsync());
    }

    [Fact]
    public async Task A_packet_may_have_so_many_attachments_and_bytes()
    {
        await using var host = await EventTests.StartAsync(options: new SocketIoOptions { MaxAttachments = 2, MaxPacketBytes = 1000 });
        using var many = await EngineSocket.JoinAsync(host);
        await many.SendAsync("453-[\"message\"]");
        Assert.Equal("close 1008 Not the protocol", await many.ReadAsync());
        using var large = await EngineSocket.JoinAsync(host);
        await large.SendAsync("452-[\"message\"]");
        await large.SendAsync(new byte[500]);
        await large.SendAsync(new byte[500]);
        Assert.Equal("close 1009 A packet has at most 1000 bytes", await large.ReadAsync());
    }

    [Fact]
    public async Task Very_many_packets_in_one_body_are_taken_or_refused()
    {
        await using var host = await EventTests.StartAsync(new EngineOptions { MaxPayload = 1_000_000 });
        var separators = await PollingClient.OpenAsync(host, "/socket.io/");
        Assert.StartsWith("400 ", await separators.PostAsync(new string('\u001e', 1_000_000)));
        var pongs = await PollingClient.JoinAsync(host);
        Assert.Equal("200 ok", await pongs.PostAsync(string.Join('\u001e', Enumerable.Repeat("3", 500_000))));
        var events = await PollingClient.JoinAsync(host);
        Assert.Equal("200 ok", await events.PostAsync(string.Join('\u001e', Enumerable.Repeat("42[\"none\"]", 90_000))));
    }

    [Fact]
    public async Task An_event_of_very_many_arguments_costs_no_more_than_its_length()
    {
        await using var host = await EventTests.StartAsync();
        using var socket = await EngineSocket.JoinAsync(host);
        var text = $"[\"message\"{string.Concat(Enumerable.Repeat(",{}", 300_000))}]";
        await socket.SendAsync("42" + text);
        Assert.Equal("42" + text.Replace("\"message\"", "\"message-back\"", StringComparison.Ordinal), await socket.ReadAsync());
        await socket.SendAsync("451-" + text);
        await socket.SendAsync([1]);
        Assert.StartsWith("451-[\"message-back\"", await socket.ReadAsync());
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_closes_the_WebSocket()
    {
        await using var host = await EventTests.StartAsync();
        using var socket = await EngineSocket.JoinAsync(host);
        await socket.SendRawTextAsync([(byte)'4', (byte)'2', 0xff]);
        Assert.StartsWith("close 1007", await socket.ReadAsync());
        await SocketIoHost.UntilAsync(() => host.Server.Count == 0);
    }

    [Fact]
    public async Task No_random_packets_bring_the_server_down()
    {
        await using var host = await EventTests.StartAsync();
        string[] pieces = ["4", "0", "2", "5", "1-", "[", "]", "{", "}", "\"message\"", ",", "/", "7", "\\", "\u001e", "b", "AQID", "1", "3", "6", "한"];
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var client = i % 2 == 0 ? await PollingClient.OpenAsync(host, "/socket.io/") : await PollingClient.JoinAsync(host);
            var body = new StringBuilder("42");
            for (var n = random.Next(12); n > 0; n--)
            {
                body.Append(pieces[random.Next(pieces.Length)]);
            }
            var answer = await client.PostAsync(body.ToString());
            Assert.True(answer is "200 ok" || answer.StartsWith("400 ", StringComparison.Ordinal), answer);
        }
        using var socket = await EngineSocket.JoinAsync(host);
        await socket.SendAsync("421[\"message-with-ack\"]");
        Assert.Equal("431[]", await socket.ReadAsync());
    }
}
