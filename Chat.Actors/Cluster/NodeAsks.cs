using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Cluster;

/// <summary>
/// Commands from node to node, over the bus, with answers. A request is kind 1, its number (8 bytes), length and name of the asking node, length and id of the
/// session, the command; an answer is kind 2, the number, the reply; a nudge is kind 3 and a session's id.
/// </summary>
public sealed partial class NodeAsks : IDisposable
{
    private const byte Request = 1;
    private const byte Answer = 2;
    private const byte Nudge = 3;

    private readonly INodeBus _bus;
    private readonly string _self;
    private readonly Func<SessionId, SessionCommand, ValueTask<Reply>> _act;
    private readonly Action<SessionId> _nudged;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Reply?>> _waiting = new();
    private readonly IDisposable _inbox;
    private long _last;

    /// <param name="act">Acts on another node's command here; called in the order in which that node sent them, and must have handed the command over when it returns.</param>
    /// <param name="nudged">Another node has done something for a session at home here: look at its answers.</param>
    public NodeAsks(INodeBus bus, string self, Func<SessionId, SessionCommand, ValueTask<Reply>> act, Action<SessionId> nudged, ILogger logger)
    {
        _bus = bus;
        _self = self;
        _act = act;
        _nudged = nudged;
        _logger = logger;
        _inbox = bus.Subscribe(InboxOf(self), Take);
    }

    /// <summary>
    /// Sends a command, at once, so that calls keep their order. The answer is null where the node is known not to have got it, or cannot read it; where it does not come at
    /// all the caller gives up by <see cref="Forget"/>.
    /// </summary>
    public (long Number, Task<Reply?> Answer) Ask(string node, SessionId session, SessionCommand command)
    {
        var number = Interlocked.Increment(ref _last);
        var waiting = new TaskCompletionSource<Reply?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[number] = waiting;
        var sent = _bus.TryPublishAsync(InboxOf(node), EncodeRequest(number, session, command));
        _ = NoteSentAsync(sent, number);
        return (number, waiting.Task);
    }

    /// <summary>The answer is not waited for any more.</summary>
    public void Forget(long number)
    {
        if (_waiting.TryRemove(number, out var waiting))
        {
            waiting.TrySetResult(null);
        }
    }

    public void SendNudge(string node, SessionId session) => _bus.Publish(InboxOf(node), (byte[])[Nudge, .. Encoding.UTF8.GetBytes(session.Value)]);

    public void Dispose() => _inbox.Dispose();

    private async Task NoteSentAsync(ValueTask<bool> sent, long number)
    {
        if (!await sent)
        {
            Forget(number);
        }
    }

    private void Take(ReadOnlyMemory<byte> message)
    {
        var span = message.Span;
        switch (span.IsEmpty ? (byte)0 : span[0])
        {
            case Request when TryReadRequest(span, out var number, out var asker, out var session, out var command):
                // Handed over before the next message is looked at.
                _ = AnswerAsync(asker, number, command is null ? default : _act(session, command), isKnown: command is not null);
                break;
            case Answer when span.Length > 9 && _waiting.TryRemove(BinaryPrimitives.ReadInt64BigEndian(span[1..]), out var waiting):
                waiting.TrySetResult(span.Length == 10 ? null : CommandCodec.DecodeReply(span[9..]));
                break;
            case Nudge:
                _nudged(new SessionId(Encoding.UTF8.GetString(span[1..])));
                break;
        }
    }

    private async Task AnswerAsync(string asker, long number, ValueTask<Reply> acting, bool isKnown)
    {
        try
        {
            byte[] body = isKnown ? CommandCodec.Encode(await acting) : [0];
            var answer = new byte[9 + body.Length];
            answer[0] = Answer;
            BinaryPrimitives.WriteInt64BigEndian(answer.AsSpan(1), number);
            body.CopyTo(answer, 9);
            _bus.Publish(InboxOf(asker), answer);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The session has logged it; the one who asked acts by itself when no answer comes.
            LogFailed(_logger, e);
        }
    }

    private byte[] EncodeRequest(long number, SessionId session, SessionCommand command)
    {
        var (asker, id, body) = (Encoding.UTF8.GetBytes(_self), Encoding.UTF8.GetBytes(session.Value), CommandCodec.Encode(command));
        var request = new byte[9 + 2 + asker.Length + 2 + id.Length + body.Length];
        var rest = request.AsSpan();
        rest[0] = Request;
        BinaryPrimitives.WriteInt64BigEndian(rest[1..], number);
        rest = rest[9..];
        foreach (var text in (ReadOnlySpan<byte[]>)[asker, id])
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)text.Length);
            text.CopyTo(rest[2..]);
            rest = rest[(2 + text.Length)..];
        }
        body.CopyTo(rest);
        return request;
    }

    private static bool TryReadRequest(ReadOnlySpan<byte> request, out long number, out string asker, out SessionId session, out SessionCommand? command)
    {
        (number, asker, session, command) = (0, "", default, null);
        if (request.Length < 9)
        {
            return false;
        }
        number = BinaryPrimitives.ReadInt64BigEndian(request[1..]);
        var rest = request[9..];
        if (!TryReadText(ref rest, out asker) || !TryReadText(ref rest, out var id))
        {
            return false;
        }
        session = new SessionId(id);
        command = CommandCodec.DecodeCommand(rest);
        return true;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(rest) is var length && rest.Length < 2 + length)
        {
            return false;
        }
        text = Encoding.UTF8.GetString(rest.Slice(2, length));
        rest = rest[(2 + length)..];
        return true;
    }

    private static string InboxOf(string node) => "node:" + node;

    [LoggerMessage(602, LogLevel.Warning, "A command of another node failed here")]
    private static partial void LogFailed(ILogger logger, Exception fault);
}
