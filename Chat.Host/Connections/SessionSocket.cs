using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>A socket that has been let into a session.</summary>
/// <param name="View">The session as it was when the replay began.</param>
internal sealed record EnteredSocket(Entrance Entrance, SessionHub Hub, Subscriber Subscriber, Replay Replay, SessionView View);

/// <summary>A socket's part in a session, whatever its transport: its commands and their answers, what it is paged, the end of its token.</summary>
/// <typeparam name="TRequest">What the client asked for, as the face has read it.</typeparam>
internal abstract class SessionSocket<TRequest> : IPagedReader, IDisposable
{
    private readonly FaceServices _services;
    private readonly AskQueue<TRequest> _asks;
    private readonly TokenExpiry? _expiry;

    protected SessionSocket(FaceServices services, EnteredSocket entered)
    {
        _services = services;
        Hub = entered.Hub;
        Subscriber = entered.Subscriber;
        Replay = entered.Replay;
        Caller = entered.Entrance.Caller;
        _asks = new AskQueue<TRequest>(services.Gateway, Hub.Session, Answer, () => Subscriber.Close(CloseCode.ServerFault, "The server failed"));
        _expiry = entered.Entrance.ExpiresAt is { } end ? new TokenExpiry(end, services.Time, () => Subscriber.Close(CloseCode.TokenExpired, "Token expired")) : null;
    }

    protected SessionHub Hub { get; }
    protected Subscriber Subscriber { get; }

    /// <summary>The one that is under way, or was last.</summary>
    protected Replay Replay { get; set; }

    protected Caller Caller { get; private set; }

    public virtual bool HasToPage => false;

    public virtual async ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation)
    {
        if (Subscriber.WasLive && Replay.Lag > _services.MaxLag)
        {
            ChatMetrics.SlowReaderCloses.Add(1);
            Subscriber.Close(CloseCode.Overloaded, "This reader is too far behind");
            return false;
        }
        var live = await Replay.NextAsync(Caller, frames, cancellation);
        if (live)
        {
            Replay.Restart();
        }
        return live;
    }

    public virtual void Dispose()
    {
        _asks.Dispose();
        _expiry?.Dispose();
    }

    /// <summary>What the session has said to a command, in the order of the frames.</summary>
    protected abstract void Answer(Reply reply, TRequest request);

    protected ValueTask AskAsync(SessionCommand command, TRequest request, CancellationToken cancellation) => _asks.AskAsync(command, request, cancellation);

    /// <summary>Shows a file that has been uploaded to this session once more.</summary>
    /// <param name="content">What is said with it; blank or null: the file's name.</param>
    /// <param name="clientMessageId">Of the request.</param>
    protected async ValueTask ShowFileAsync(string fileId, string? content, string? clientMessageId, TRequest request, CancellationToken cancellation)
    {
        FileRow? row = null;
        if (PostedFile.IsId(fileId))
        {
            try
            {
                await _services.ReadModel.WaitUntilCurrentAsync(cancellation);
                row = await _services.ReadModel.FindFileAsync(fileId, cancellation);
            }
            catch (JournalUnavailableException)
            {
                Answer(new Rejected(ErrorCode.StorageUnavailable, "The storage did not answer in time", TimeSpan.FromSeconds(1)), request);
                return;
            }
        }
        if (row is null || row.Session != Hub.Session)
        {
            Answer(new Rejected(ErrorCode.NotFound, "File not found"), request);
            return;
        }
        await AskAsync(PostMessage.Of(row.File, content, Caller, clientMessageId), request, cancellation);
    }

    protected void Renew(Caller caller, DateTimeOffset expiresAt)
    {
        Caller = caller;
        _expiry?.Renew(expiresAt);
    }
}
