using System.Buffers;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Chat.Host.SocketIo.Engine;

/// <summary>The HTTP requests of one session: a poll that waits for packets, a POST that brings some; one of each at a time.</summary>
internal sealed class PollingTransport(EngineSession session, EngineOptions options, TimeProvider time)
{
    /// <summary>A poll that came after the WebSocket had been opened waits so long for the upgrade that it may have overtaken on its way.</summary>
    private static readonly TimeSpan UpgradeGrace = TimeSpan.FromMilliseconds(100);

    private const int FirstBuffer = 4096;

    private bool _isWriting;
    private bool _isTold;

    /// <summary>A poll waits.</summary>
    public bool IsPolled { get; private set; }

    /// <summary>A POST is being read or handled.</summary>
    public bool IsPosting { get; private set; }

    public async Task PollAsync(HttpContext context)
    {
        bool isSecond, isLate;
        lock (session.Gate)
        {
            isSecond = IsPolled;
            isLate = session.IsUpgrading;
            IsPolled = true;
        }
        if (isSecond)
        {
            session.End(EngineEnd.Malformed);
            await EngineRefusal.BadRequest.WriteAsync(context);
            return;
        }
        var packets = new List<EnginePacket>();
        try
        {
            if (await WaitAsync(packets, isLate, context.RequestAborted))
            {
                await WriteAsync(context, packets);
            }
            else
            {
                await EngineRefusal.BadRequest.WriteAsync(context);
            }
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // Who gives up a poll has gone, and what it was sent may be lost.
            session.End(EngineEnd.Lost);
        }
    }

    /// <summary>Waits for something to answer with. False when the session has left polling before this poll came to wait.</summary>
    private async Task<bool> WaitAsync(List<EnginePacket> packets, bool isLate, CancellationToken aborted)
    {
        var isGraceOver = !isLate;
        try
        {
            while (true)
            {
                Task change;
                bool isInGrace;
                lock (session.Gate)
                {
                    if (!_isWriting && TryAnswer(packets, isGraceOver))
                    {
                        // From here on the client may poll again: its next request can be here before this one has ended.
                        (IsPolled, _isWriting) = (false, true);
                        return true;
                    }
                    if (!session.IsPolling)
                    {
                        return false;
                    }
                    change = session.WaitAsync();
                    isInGrace = session.IsProbed && !isGraceOver;
                }
                if (isInGrace)
                {
                    await Task.WhenAny(change, Task.Delay(UpgradeGrace, time, aborted));
                    aborted.ThrowIfCancellationRequested();
                    isGraceOver = !change.IsCompleted;
                }
                else
                {
                    await change.WaitAsync(aborted);
                }
            }
        }
        finally
        {
            lock (session.Gate)
            {
                IsPolled = false;
            }
        }
    }

    private bool TryAnswer(List<EnginePacket> packets, bool isOnTime)
    {
        if (session.IsPolling)
        {
            session.Take(packets, options.MaxPayload);
            if (session.Ended is { } end && session.IsDrained)
            {
                packets.Add(end.Farewell);
                _isTold = true;
            }
            if (packets.Count > 0)
            {
                return true;
            }
        }
        if (isOnTime && (session.IsProbed || !session.IsPolling))
        {
            packets.Add(EnginePacket.Noop);
            return true;
        }
        return false;
    }

    private async Task WriteAsync(HttpContext context, List<EnginePacket> packets)
    {
        var length = EnginePayload.GetLength(packets);
        var body = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            EnginePayload.Write(packets, body);
            PrepareText(context, length);
            await context.Response.Body.WriteAsync(body.AsMemory(0, length), context.RequestAborted);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
            bool isLast;
            lock (session.Gate)
            {
                _isWriting = false;
                isLast = _isTold;
            }
            session.Wake();
            if (isLast)
            {
                session.Remove();
            }
        }
    }

    public async Task PostAsync(HttpContext context)
    {
        bool isSecond;
        lock (session.Gate)
        {
            isSecond = IsPosting;
            IsPosting = true;
        }
        if (isSecond)
        {
            session.End(EngineEnd.Malformed);
            await EngineRefusal.BadRequest.WriteAsync(context);
            return;
        }
        EngineRefusal? refusal;
        try
        {
            refusal = await ReceiveAsync(context);
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            refusal = (e as BadHttpRequestException)?.StatusCode == StatusCodes.Status413PayloadTooLarge ? EngineRefusal.TooLarge : EngineRefusal.BadRequest;
            session.End(EngineEnd.Lost);
        }
        finally
        {
            // Before it is answered: the client's next one can be here before this one has ended.
            lock (session.Gate)
            {
                IsPosting = false;
            }
        }
        try
        {
            await (refusal?.WriteAsync(context) ?? WriteOkAsync(context));
        }
        catch (Exception e) when (IsOfNetwork(e))
        {
            // It will not hear that its packets arrived; whether it comes back is for its next poll to say.
        }
    }

    private async ValueTask<EngineRefusal?> ReceiveAsync(HttpContext context)
    {
        // Binary has been base64 since protocol 4, and JSONP's forms are not offered.
        if (context.Request.ContentType?.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase) is true)
        {
            session.End(EngineEnd.Malformed);
            return EngineRefusal.BadRequest;
        }
        if (context.Request.ContentLength > options.MaxPayload)
        {
            return EngineRefusal.TooLarge;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            var length = 0;
            while (await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted) is var read and > 0)
            {
                length += read;
                if (length > options.MaxPayload)
                {
                    return EngineRefusal.TooLarge;
                }
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 4);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
            return await DeliverAsync(buffer.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<EngineRefusal?> DeliverAsync(Memory<byte> body)
    {
        var isWellFormed = Utf8.IsValid(body.Span);
        for (Memory<byte>? rest = body; rest is not null && session.IsOpen;)
        {
            if (!isWellFormed || !EnginePayload.TryTake(ref rest, out var type, out var message))
            {
                session.End(EngineEnd.Malformed);
                break;
            }
            switch (type)
            {
                case EnginePacketType.Message:
                    if (await session.WhenReceivableAsync())
                    {
                        await session.ReceiveAsync(message);
                    }
                    break;
                case EnginePacketType.Pong:
                    session.ReceivePong();
                    break;
                case EnginePacketType.Close:
                    session.End(EngineEnd.ByClient);
                    break;
                case EnginePacketType.Noop:
                    break;
                default:
                    session.End(EngineEnd.Malformed);
                    break;
            }
        }
        return session.Ended is { IsToldLater: false } ? EngineRefusal.BadRequest : null;
    }

    private static Task WriteOkAsync(HttpContext context)
    {
        PrepareText(context, length: 2);
        return context.Response.WriteAsync("ok", context.RequestAborted);
    }

    public static void PrepareText(HttpContext context, int length)
    {
        context.Response.ContentType = "text/plain; charset=UTF-8";
        context.Response.ContentLength = length;
        context.Response.Headers.CacheControl = "no-store";
    }

    private static bool IsOfNetwork(Exception e) => e is OperationCanceledException or IOException;
}
