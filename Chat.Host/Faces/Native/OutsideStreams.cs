using System.Collections.Concurrent;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Faces.Native;

/// <summary>The answers that an outside agent streams through one socket, by the server's id and by the agent's own.</summary>
internal sealed class OutsideStreams(ISessionGateway gateway, SessionId session, StreamOwners owners, string userId, string node)
{
    /// <summary>Answers that this socket may hold at once, beyond what a session accepts: ids that only the agent knows.</summary>
    private const int MaxOpen = 2 * Limits.OutsideStreams;

    /// <summary>An answer leaves it when its end is durable, which the task of another command's answer may come to know.</summary>
    private readonly ConcurrentDictionary<string, MessageId> _open = new(StringComparer.Ordinal);

    private MessageId? _newest;

    /// <summary>Waits for the answer: only then the real id is known, should this be a repeat. The second reply is that to its content, where it has any.</summary>
    public async ValueTask<(Reply Started, Reply? Content)> StartAsync(NativeRequest.StreamStart start, Caller caller, bool anyRole)
    {
        var command = new StartStream { Caller = caller, MessageId = MessageId.New(), ClientMessageId = start.ClientMessageId, AnyRole = anyRole, Node = node };
        var reply = await gateway.AskAsync(session, command);
        if (reply is not Accepted accepted)
        {
            return (reply, null);
        }
        _newest = accepted.MessageId;
        _open[start.ClientMessageId ?? accepted.MessageId.Value] = accepted.MessageId;
        owners.Take((accepted.MessageId, userId), this);
        return string.IsNullOrEmpty(start.Content) || accepted.Repeat
            ? (reply, null)
            : (reply, await gateway.AskAsync(session, new AppendChunk { Caller = caller, MessageId = accepted.MessageId, Content = start.Content, Node = node }));
    }

    public AppendChunk ChunkOf(NativeRequest.StreamChunk chunk, Caller caller) =>
        new() { Caller = caller, MessageId = Find(chunk.MessageId), Content = chunk.Content, Index = chunk.Index, Node = node };

    public EndStream EndOf(NativeRequest.StreamEnd end, Caller caller) => new()
    {
        Caller = caller,
        MessageId = Find(end.MessageId),
        Status = StreamStatus.Complete,
        TokensUsed = end.TokensUsed,
        LatencyMs = end.LatencyMs,
    };

    /// <summary>Its end is durable. Until then the agent may have to send it again, by its own id.</summary>
    public void Ended(MessageId id)
    {
        foreach (var (name, _) in _open.Where(open => open.Value == id))
        {
            _open.TryRemove(name, out _);
        }
        owners.Remove((id, userId), this);
    }

    /// <summary>Ends what is still open, and not gone over to another socket of the agent.</summary>
    public async ValueTask InterruptAsync(Caller caller)
    {
        foreach (var id in _open.Values.Distinct())
        {
            if (owners.Remove((id, userId), this))
            {
                await gateway.AskAsync(session, new EndStream { Caller = caller, MessageId = id, Status = StreamStatus.Interrupted, Node = node });
            }
        }
    }

    /// <summary>An id that is not known here may still be the server's, from an earlier socket of the agent: then this one goes on with the answer.</summary>
    private MessageId Find(string? id)
    {
        if (id is null)
        {
            return _newest ?? default;
        }
        if (_open.TryGetValue(id, out var known))
        {
            return known;
        }
        var earlier = new MessageId(id);
        if (_open.Count < MaxOpen)
        {
            owners.Take((earlier, userId), this);
            _open[id] = earlier;
        }
        return earlier;
    }
}

/// <summary>
/// Which socket of this node streams an answer (of which node's sockets, stands in the log), so that an agent's old socket, which may be found dead minutes after the agent has come back, does not
/// end what the new one goes on with.
/// </summary>
internal sealed class StreamOwners
{
    private readonly ConcurrentDictionary<(MessageId Answer, string UserId), OutsideStreams> _owners = new();

    public void Take((MessageId Answer, string UserId) answer, OutsideStreams socket) => _owners[answer] = socket;

    /// <summary>True where it was this socket's.</summary>
    public bool Remove((MessageId Answer, string UserId) answer, OutsideStreams socket) => _owners.TryRemove(KeyValuePair.Create(answer, socket));
}
