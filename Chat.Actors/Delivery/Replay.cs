using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>
/// Pages a subscriber that is behind up to where it can join the live stream. An answer that has ended is one frame, unless the cursor lies inside it;
/// one that is still being written is all its chunks so far.
/// </summary>
/// <param name="since">The cursor to start after; null for a reader who wants nothing of the past but the answers that are being written.</param>
/// <param name="expandEnded">An answer that has ended is all its chunks too: for a reader of streams.</param>
/// <param name="notAfter">Starts there where the cursor is beyond it.</param>
public sealed class Replay(
    ISessionGateway gateway, IJournal journal, SessionHub hub, Subscriber subscriber, long? since, bool expandEnded = false, long notAfter = long.MaxValue)
{
    /// <summary>A page whose frames reach so many bytes ends there: with its queue, all that is kept for a slow reader.</summary>
    public const int PageBytes = 128 * 1024;

    private const int PageSize = 256;

    /// <summary>Runs that began in the replayed stretch and have ended: their chunks are left out.</summary>
    private readonly HashSet<MessageId> _whole = [];

    /// <summary>Events asked for at once: fewer after a page of large ones, the rest of which was read in vain.</summary>
    private int _pageSize = PageSize;

    private SessionView? _view;

    /// <summary>Seq up to which only the answers in <see cref="_only"/> are shown.</summary>
    private long _onlyUpTo;

    private HashSet<MessageId> _only = [];

    /// <summary>
    /// Reads the session and sets the subscriber's cursor. To be called once, with the subscriber already in the hub, so that nothing is committed
    /// between the two unseen. A cursor above the head is of another log: such a reader is treated as one without any. Returns null where there is no such session.
    /// </summary>
    public async ValueTask<SessionView?> BeginAsync(CancellationToken cancellation)
    {
        _view = await gateway.ReadAsync(hub.Session, cancellation);
        if (_view is null)
        {
            return null;
        }
        var running = _view.OpenRuns.Where(run => run.StartSeq > 0).ToList();
        var cursor = _view.Head;
        if (since <= _view.Head)
        {
            cursor = Math.Min(since.Value, notAfter);
            ShowsPast = true;
        }
        else if (running.Count > 0)
        {
            _only = running.Select(run => run.MessageId).ToHashSet();
            _onlyUpTo = _view.Head;
            cursor = running.Min(run => run.StartSeq) - 1;
            ShowsPast = true;
        }
        subscriber.Rewind(cursor, _view.Head);
        // Whoever comes in is the first of its sockets, or not, over all nodes.
        await hub.OthersKnown;
        return _view;
    }

    /// <summary>Set by <see cref="BeginAsync"/>: the live frames do not follow at once, and the reader is to be told when they do.</summary>
    public bool ShowsPast { get; private set; }

    /// <summary>
    /// One page's frames, or true when the subscriber is live. False with no frames is no end: the page held nothing that this face shows.
    /// </summary>
    /// <exception cref="SessionGoneException">The caller may no longer read the session.</exception>
    public async ValueTask<bool> NextAsync(Caller caller, List<Frame> frames, CancellationToken cancellation)
    {
        _view ??= await gateway.ReadAsync(hub.Session, cancellation);
        if (_view is null || !_view.MayRead(caller))
        {
            throw new SessionGoneException();
        }
        if (subscriber.HasStored)
        {
            // It fell behind after the owner had found nothing to take: what was queued goes out first.
            return false;
        }
        if (subscriber.Cursor >= _view.Head)
        {
            _view = null;
            return hub.TryGoLive(subscriber);
        }
        var page = await journal.ReadAsync(hub.Session.Value, subscriber.Cursor, _pageSize, cancellation);
        if (page.Count == 0)
        {
            throw new JournalUnavailableException($"The log of session {hub.Session} ends at {subscriber.Cursor}, before its head {_view.Head}");
        }
        var (events, bytes) = (0, 0);
        while (events < page.Count && bytes < PageBytes)
        {
            var stored = page[events++];
            var frame = Encode(stored.Seq, stored.Event!);
            if (frame is not null)
            {
                frames.Add(frame);
                bytes += frame.Length;
            }
            subscriber.AdvanceTo(stored.Seq, shown: frame is not null);
        }
        _pageSize = bytes < PageBytes ? Math.Min(_pageSize * 2, PageSize) : events;
        return false;
    }

    /// <summary>The subscriber has fallen behind the live stream: it is paged on from its cursor.</summary>
    public void Restart()
    {
        _view = null;
        _onlyUpTo = 0;
        _whole.Clear();
    }

    /// <summary>Events beyond the subscriber's cursor in the log, as far as is known.</summary>
    public long Lag => _view is null ? 0 : _view.Head - subscriber.Cursor;

    private Frame? Encode(long seq, SessionEvent e)
    {
        if (!subscriber.Wants(e) || seq <= _onlyUpTo && !IsOfOnly(e))
        {
            return null;
        }
        switch (e)
        {
            case StreamStarted s when !expandEnded && seq <= _view!.Head && _view.OpenRuns.All(run => run.MessageId != s.MessageId):
                _whole.Add(s.MessageId);
                return null;
            case StreamChunk c when _whole.Contains(c.MessageId):
                return null;
            case StreamEnded s when _whole.Remove(s.MessageId):
                return subscriber.Face.EncodeWhole(seq, subscriber.LastShown, s);
            default:
                return subscriber.Face.Encode(seq, subscriber.LastShown, e);
        }
    }

    private bool IsOfOnly(SessionEvent e) => e switch
    {
        StreamStarted s => _only.Contains(s.MessageId),
        StreamChunk c => _only.Contains(c.MessageId),
        _ => false,
    };
}

/// <summary>The session is not there any more for this caller.</summary>
public sealed class SessionGoneException() : Exception("The session is gone");
