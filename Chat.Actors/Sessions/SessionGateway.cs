using Chat.Actors.Runtime;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>The one door: what a command must pass, and what it counts for, before any engine sees it.</summary>
/// <param name="engine">It is the gateway's from here on.</param>
/// <param name="limiter">Null limits nobody.</param>
public sealed class SessionGateway(ISessionEngine engine, RateLimiter? limiter = null) : ISessionGateway, IAsyncDisposable
{
    public async ValueTask<Reply> AskAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        var reply = command.Check() ?? limiter?.Take(command) ?? await engine.ActAsync(session, command, cancellation).ConfigureAwait(false);
        if (command is PostMessage)
        {
            Count(reply);
        }
        if (reply is Accepted { Repeat: true })
        {
            // Nothing was sent: who repeats after a reconnect does not pay twice.
            limiter?.GiveBack(command);
        }
        return reply;
    }

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default) => engine.ReadAsync(session, cancellation);

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    private static void Count(Reply reply)
    {
        switch (reply)
        {
            case Accepted { Repeat: false }:
                ChatMetrics.MessagesAccepted.Add(1);
                break;
            case Rejected rejected:
                ChatMetrics.MessagesRejected.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Code, rejected.Code.Name()));
                break;
        }
    }
}
