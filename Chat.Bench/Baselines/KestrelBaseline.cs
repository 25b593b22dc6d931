using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Bench.Baselines;

/// <summary>
/// The least that a server of rooms can be: a text frame that a member of <c>/{room}</c> sends goes to all its members, in one order, from one buffer, several to a write.
/// Nothing is checked or seen again by who comes back, and nothing stored but with a log, which has each message on the disk before it is shown.
/// </summary>
internal static class KestrelBaseline
{
    private const int WriteSize = 64 * 1024;

    public static void Map(WebApplication app, GroupCommitLog? log)
    {
        var rooms = new ConcurrentDictionary<string, Room>();
        app.Map("/{room}", (HttpContext context, string room) => ServeAsync(context, rooms.GetOrAdd(room, name => new Room(name)), log));
    }

    private static async Task ServeAsync(HttpContext context, Room room, GroupCommitLog? log)
    {
        var key = context.Request.Headers.SecWebSocketKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
#pragma warning disable CA5350 // RFC 6455 §1.3 wants SHA-1, to prove nothing but that the server speaks WebSocket.
        context.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key)));
#pragma warning restore CA5350
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        using var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        var queue = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
        room.Join(queue.Writer);
        var writing = WriteAsync(queue.Reader, stream);
        try
        {
            var buffer = new byte[4 * 1024];
            while (await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } received)
            {
                var frame = Frame(buffer.AsSpan(0, received.Count));
                if (log is null)
                {
                    room.Broadcast(frame);
                }
                else
                {
                    log.Append(room.Name, frame, room.Broadcast);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The client has gone.
        }
        room.Leave(queue.Writer);
        await writing;
        if (socket.State == WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }
    }

    private static async Task WriteAsync(ChannelReader<byte[]> frames, Stream stream)
    {
        try
        {
            while (await frames.WaitToReadAsync())
            {
                // While there is nothing to write, no buffer waits for it.
                var buffer = ArrayPool<byte>.Shared.Rent(WriteSize);
                var length = 0;
                while (frames.TryPeek(out var next) && length + next.Length <= WriteSize && frames.TryRead(out next))
                {
                    next.CopyTo(buffer, length);
                    length += next.Length;
                }
                await stream.WriteAsync(buffer.AsMemory(0, length));
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client has gone; the reading side finds out too.
        }
    }

    private static byte[] Frame(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 126)
        {
            return [0x81, (byte)payload.Length, .. payload];
        }
        byte[] frame = [0x81, 126, 0, 0, .. payload];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
        return frame;
    }

    private sealed class Room(string name)
    {
        private readonly Lock _gate = new();
        private ChannelWriter<byte[]>[] _members = [];

        public byte[] Name { get; } = Encoding.UTF8.GetBytes(name);

        public void Join(ChannelWriter<byte[]> member)
        {
            lock (_gate)
            {
                _members = [.. _members, member];
            }
        }

        public void Leave(ChannelWriter<byte[]> member)
        {
            lock (_gate)
            {
                _members = [.. _members.Where(other => other != member)];
            }
            member.Complete();
        }

        /// <summary>In the lock, so that all members are shown one order.</summary>
        public void Broadcast(byte[] frame)
        {
            lock (_gate)
            {
                foreach (var member in _members)
                {
                    member.TryWrite(frame);
                }
            }
        }
    }
}
