using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// What keeps sessions and has their <see cref="SessionState"/> decide: the actors of this assembly (<see cref="SessionActors"/>, and <see cref="Cluster.SessionHomes"/> over
/// several nodes), or Akka.NET's. Whatever it is, what it answers is in the log, and it gives each event to <see cref="SessionServices.Publish"/>.
/// </summary>
public interface ISessionEngine : IAsyncDisposable
{
    /// <summary>
    /// Has the session decide a command that has passed its checks, and answers when its events are durable. Calls for one session are handed over in their order, at once.
    /// Cancelling gives up the wait, not the command.
    /// </summary>
    ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default);

    /// <summary>The session as of its last durable event, or null where there is none.</summary>
    /// <exception cref="Persistence.JournalUnavailableException" />
    ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default);

    /// <summary>Sessions in this node's memory, and those of them whose commands come to this node.</summary>
    (int Loaded, int Homed) Count();

    /// <summary>Commands that come to this node find their sessions. False where it has yet to join the others, or to join them again.</summary>
    bool IsUp { get; }

    /// <summary>Other nodes are given what is kept here; commands of this node's clients still find their way. Nothing to do on a node that is alone.</summary>
    Task DrainAsync();
}
