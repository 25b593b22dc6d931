using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>The answers that an outside agent streams through one socket, by the server's id and by the agent's own.</summary>
internal sealed class OutsideStreams(ISessionGateway gateway, SessionId session)
{
    private readonly Dictionary<string, MessageId> _open = new(StringComparer.Ordinal);
    private MessageId? _newest;

    /// <summary>Waits for the answer: only then the real id is known, should this be a repeat. The second reply is that to its content, where it has any.</summary>
    public async ValueTask<(Reply Started, Reply? Content)> StartAsync(NativeRequest.StreamStart start, Caller caller, bool anyRole)
    {
        var command = new StartStream { Caller = caller, MessageId = MessageId.New(), ClientMessageId = start.ClientMessageId, AnyRole = anyRole };
        var reply = await gateway.AskAsync(session, command);
        if (reply is not Accepted accepted)
        {
            return (reply, null);
        }
        _newest = accepted.MessageId;
        _open[start.ClientMessageId ?? accepted.MessageId.Value] = accepted.MessageId;
        return string.IsNullOrEmpty(start.Content) || accepted.Repeat
            ? (reply, null)
            : (reply, await gateway.AskAsync(session, new AppendChunk { Caller = caller, MessageId = accepted.MessageId, Content = start.Content }));
    }

    public AppendChunk ChunkOf(NativeRequest.StreamChunk chunk, Caller caller) =>
        new() { Caller = caller, MessageId = Find(chunk.MessageId), Content = chunk.Content, Index = chunk.Index };

    public EndStream EndOf(NativeRequest.StreamEnd end, Caller caller)
    {
        var id = Find(end.MessageId);
        foreach (var (name, _) in _open.Where(open => open.Value == id).ToList())
        {
            _open.Remove(name);
        }
        return new EndStream { Caller = caller, MessageId = id, Status = StreamStatus.Complete, TokensUsed = end.TokensUsed, LatencyMs = end.LatencyMs };
    }

    /// <summary>Ends what is still open.</summary>
    public async ValueTask InterruptAsync(Caller caller)
    {
        foreach (var id in _open.Values.Distinct())
        {
            await gateway.AskAsync(session, new EndStream { Caller = caller, MessageId = id, Status = StreamStatus.Interrupted });
        }
    }

    /// <summary>An id that is not known here may still be the server's, from an earlier socket of the agent.</summary>
    private MessageId Find(string? id) => id is null ? _newest ?? default : _open.GetValueOrDefault(id, new MessageId(id));
}
