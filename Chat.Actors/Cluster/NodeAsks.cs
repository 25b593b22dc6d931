using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Cluster;

/// <summary>
/// Commands from node to node, over the bus, with answers. A request is kind 1, its number, its row, its place in the row, the time in ms (8 bytes each), length and name of
/// the asking node, length and id of the session, the command; an answer is kind 2, the number, the reply.
/// </summary>
public sealed partial class NodeAsks : IDisposable
{
    private const byte Request = 1;
    private const byte Answer = 2;

    /// <summary>Kind and the four numbers of a request.</summary>
    private const int RequestHead = 33;

    private readonly INodeBus _bus;
    private readonly string _self;
    private readonly Func<AskingNode, SessionId, SessionCommand, ValueTask<Reply>> _act;
    private readonly NodeAsksOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, AskerRow> _rows = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Reply?>> _waiting = new();
    private readonly IDisposable _inbox;
    private long _last;
    private long _lastRow;

    /// <param name="act">Acts on another node's command here; called in the order in which that node sent them, and must have handed the command over when it returns.</param>
    public NodeAsks(
        INodeBus bus, string self, Func<AskingNode, SessionId, SessionCommand, ValueTask<Reply>> act, NodeAsksOptions options, TimeProvider time, ILogger logger)
    {
        _bus = bus;
        _self = self;
        _act = act;
        _options = options;
        _time = time;
        _logger = logger;
        _inbox = bus.Subscribe(InboxOf(self), Take);
    }

    /// <summary>
    /// Names a new row of requests to one node, higher than all before. A node acts on a row's requests in their order and without a hole: where one is lost, or comes
    /// in another order, it acts on none that follow, and the asker begins a new row.
    /// </summary>
    public long NewRow() => Interlocked.Increment(ref _lastRow);

    /// <summary>
    /// Sends a command, at once, so that calls keep their order. The answer is null where the node is known not to have got it, or does not act on it; where it does not come at
    /// all the caller gives up by <see cref="Forget"/>.
    /// </summary>
    /// <param name="place">In the row, from 0.</param>
    public (long Number, Task<Reply?> Answer) Ask(string node, long row, long place, SessionId session, SessionCommand command)
    {
        var number = Interlocked.Increment(ref _last);
        var waiting = new TaskCompletionSource<Reply?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[number] = waiting;
        var sent = _bus.TryPublishAsync(InboxOf(node), EncodeRequest(number, row, place, session, command));
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
            case Request when TryReadRequest(span, out var asker, out var session, out var command):
                Take(span, asker, session, command);
                break;
            case Answer when span.Length > 9 && _waiting.TryRemove(BinaryPrimitives.ReadInt64BigEndian(span[1..]), out var waiting):
                waiting.TrySetResult(span.Length == 10 ? null : CommandCodec.DecodeReply(span[9..]));
                break;
        }
    }

    private void Take(ReadOnlySpan<byte> request, string asker, SessionId session, SessionCommand? command)
    {
        var (number, row, place) = (NumberAt(request, 0), NumberAt(request, 1), NumberAt(request, 2));
        var sentAt = DateTimeOffset.FromUnixTimeMilliseconds(NumberAt(request, 3));
        switch (_rows.GetOrAdd(asker, _ => new AskerRow(new TransitTimes(_time))).Take(row, place, sentAt, _options.GoodFor, isReadable: command is not null))
        {
            case AskerRow.Verdict.Act:
                // Handed over before the next message is looked at.
                _ = AnswerAsync(asker, number, _act(new AskingNode(asker, row), session, command!).AsTask());
                break;
            case AskerRow.Verdict.Refuse:
                _ = AnswerAsync(asker, number, acting: null);
                break;
        }
    }

    private async Task AnswerAsync(string asker, long number, Task<Reply>? acting)
    {
        try
        {
            var reply = acting is null ? null : await acting;
            // A node that has no storage, cannot read the session or is stopping leaves it to the one who asked.
            var isLeft = reply is null || (reply is Rejected { Code: ErrorCode.StorageUnavailable } && !ReferenceEquals(reply, SessionActors.Overloaded));
            byte[] body = isLeft ? [0] : CommandCodec.Encode(reply!);
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

    private byte[] EncodeRequest(long number, long row, long place, SessionId session, SessionCommand command)
    {
        var (asker, id, body) = (Encoding.UTF8.GetBytes(_self), Encoding.UTF8.GetBytes(session.Value), CommandCodec.Encode(command));
        var request = new byte[RequestHead + 2 + asker.Length + 2 + id.Length + body.Length];
        var rest = request.AsSpan();
        rest[0] = Request;
        rest = rest[1..];
        foreach (var head in (ReadOnlySpan<long>)[number, row, place, _time.GetUtcNow().ToUnixTimeMilliseconds()])
        {
            BinaryPrimitives.WriteInt64BigEndian(rest, head);
            rest = rest[8..];
        }
        foreach (var text in (ReadOnlySpan<byte[]>)[asker, id])
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)text.Length);
            text.CopyTo(rest[2..]);
            rest = rest[(2 + text.Length)..];
        }
        body.CopyTo(rest);
        return request;
    }

    private static long NumberAt(ReadOnlySpan<byte> request, int index) => BinaryPrimitives.ReadInt64BigEndian(request[(1 + 8 * index)..]);

    private static bool TryReadRequest(ReadOnlySpan<byte> request, out string asker, out SessionId session, out SessionCommand? command)
    {
        (asker, session, command) = ("", default, null);
        if (request.Length < RequestHead)
        {
            return false;
        }
        var rest = request[RequestHead..];
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

public sealed record NodeAsksOptions
{
    /// <summary>A command that was so long on its way is not acted upon: whoever asked has given this node up. The asker's time-out.</summary>
    public TimeSpan GoodFor { get; init; } = TimeSpan.FromMilliseconds(500);
}
