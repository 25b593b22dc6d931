using System.Net.WebSockets;
using System.Text;
using Chat.Bench.Clients;

namespace Chat.Tests.Bench;

/// <summary>The load generator's frames, held against the framework's WebSocket on the other side.</summary>
public sealed class FrameReaderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public async Task A_servers_frame_is_read_whole_and_not_before(int length)
    {
        var sent = new MemoryStream();
        using var server = WebSocket.CreateFromStream(sent, new WebSocketCreationOptions { IsServer = true });
        await server.SendAsync(Payload(length), WebSocketMessageType.Text, true, default);
        var bytes = sent.ToArray();

        for (var cut = 0; cut < bytes.Length; cut += Math.Max(1, bytes.Length / 50))
        {
            Assert.False(FrameReader.TryRead(bytes.AsSpan(0, cut), out _, out var needed));
            Assert.True(needed == 0 || needed == bytes.Length);
        }
        Assert.True(FrameReader.TryRead([.. bytes, 1, 2, 3], out var frame, out _));
        Assert.Equal((ReceivedFrame.Text, true, bytes.Length), (frame.Opcode, frame.IsLast, frame.Length));
        Assert.Equal(Payload(length), frame.Payload.ToArray());
    }

    [Theory]
    [InlineData(new byte[] { 0x81, 0x81 })]
    [InlineData(new byte[] { 0xc1, 0x00 })]
    [InlineData(new byte[] { 0x82, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0 })]
    public void What_no_server_sends_is_refused(byte[] bytes) =>
        Assert.Throws<InvalidDataException>(() => FrameReader.TryRead(bytes, out _, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public async Task A_server_reads_what_is_sent(int length)
    {
        var buffer = new SendBuffer();
        buffer.Add(ReceivedFrame.Text, Payload(length));
        buffer.Add(ReceivedFrame.Text, "next"u8);
        using var server = WebSocket.CreateFromStream(new MemoryStream(buffer.Written.ToArray()), new WebSocketCreationOptions { IsServer = true });

        Assert.Equal(Payload(length), await ReceiveAsync(server));
        Assert.Equal("next"u8.ToArray(), await ReceiveAsync(server));
    }

    private static byte[] Payload(int length) => Encoding.ASCII.GetBytes(new string('x', length / 2) + new string('y', length - (length / 2)));

    private static async Task<byte[]> ReceiveAsync(WebSocket socket)
    {
        var message = new MemoryStream();
        var buffer = new byte[4096];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(), default);
            message.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);
        return message.ToArray();
    }
}
