using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;

namespace Chat.Host.Faces.Native;

/// <summary>What a socket of the native face works with.</summary>
internal sealed record NativeServices(
    FaceServices Common, Authenticator Authenticator, OpenSessions OpenSessions, ReadMarkers Markers, TokenReader Tokens, string Node, bool IsDevelopment)
{
    public StreamOwners StreamOwners { get; } = new();
}

/// <summary>One socket of the native face.</summary>
internal sealed class NativeConnection : FaceConnection<NativeRequest>
{
    /// <summary>
    /// Rest after a replay that the client has asked for: this, and a millisecond for each event of it. A frame of 25 bytes makes the server read a whole log,
    /// of which a face may show next to nothing; in a loop it would read 100 MB a second for one socket. One who has lost a frame waits for the rest only after a
    /// replay that it has just had.
    /// </summary>
    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly NativeServices _services;
    private OutsideStreams? _streams;
    private bool _announceSynced;
    private long _syncTo = -1;

    /// <summary>From a replay's beginning to the end of the rest after it: another one waits.</summary>
    private volatile bool _isSyncing;

    private TimeSpan _rest;

    /// <summary>Made for the first rest: most sockets never ask for a replay.</summary>
    private ITimer? _rested;

    public NativeConnection(NativeServices services, EnteredSocket entered)
        : base(services.Common, entered)
    {
        _services = services;
        _announceSynced = Replay.ShowsPast;
    }

    /// <summary>Made for the first frame that needs it: few sockets are an agent's.</summary>
    private OutsideStreams Streams => _streams ??= new OutsideStreams(_services.Common.Gateway, Hub.Session, _services.StreamOwners, Caller.UserId, _services.Node);

    public override async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        var request = NativeReader.Read(frame, out var rejected, out var clientMessageId);
        if (request is null)
        {
            Subscriber.Send(SocketReplies.Error(rejected!, clientMessageId));
            return;
        }
        switch (request)
        {
            case NativeRequest.Message m:
                await PostAsync(m, cancellation);
                break;
            case NativeRequest.File f:
                await ShowFileAsync(f.FileId, f.Content, f.ClientMessageId, f, cancellation);
                break;
            case NativeRequest.Typing t:
                Hub.Presence.SetTyping(Caller.UserId, t.IsTyping);
                break;
            case NativeRequest.Read r:
                MarkRead(r.Seq);
                break;
            case NativeRequest.Edit e:
                await AskAsync(new EditMessage { Caller = Caller, MessageId = new MessageId(e.MessageId), Content = e.Content }, e, cancellation);
                break;
            case NativeRequest.Delete d:
                await AskAsync(new DeleteMessage { Caller = Caller, MessageId = new MessageId(d.MessageId) }, d, cancellation);
                break;
            case NativeRequest.React r:
                await AskAsync(new React { Caller = Caller, MessageId = new MessageId(r.MessageId), Emoji = r.Emoji, Remove = r.Remove }, r, cancellation);
                break;
            case NativeRequest.Stop s:
                await AskAsync(new StopRun { Caller = Caller, MessageId = s.MessageId is { } id ? new MessageId(id) : null }, s, cancellation);
                break;
            case NativeRequest.StreamStart s:
                await StartStreamAsync(s);
                break;
            case NativeRequest.StreamChunk c:
                await AskAsync(Streams.ChunkOf(c, Caller), c, cancellation);
                break;
            case NativeRequest.StreamEnd e:
                await EndStreamAsync(e, cancellation);
                break;
            case NativeRequest.Sync s:
                AskForReplay(s.Since);
                break;
            case NativeRequest.Auth a:
                await RenewAsync(a, cancellation);
                break;
            case NativeRequest.Ping:
                Subscriber.Send(NativeReplies.Pong);
                break;
        }
    }

    public override bool HasToPage => Volatile.Read(ref _syncTo) >= 0 && !_isSyncing;

    public override async ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation)
    {
        if (HasToPage && Interlocked.Exchange(ref _syncTo, -1) is var since)
        {
            _isSyncing = true;
            await BeginReplayAsync(since, frames, cancellation);
            var rest = ShortestRest + TimeSpan.FromMilliseconds(Replay.Lag);
            _rest = rest < LongestRest ? rest : LongestRest;
        }
        // What the hub queues from the moment the subscriber is live has not been sent yet.
        var upTo = Subscriber.Cursor;
        var live = await base.PageAsync(frames, cancellation);
        if (live)
        {
            if (_rest > TimeSpan.Zero)
            {
                _rested ??= _services.Common.Time.CreateTimer(static state => ((NativeConnection)state!).EndRest(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _rested.Change(_rest, Timeout.InfiniteTimeSpan);
                _rest = TimeSpan.Zero;
            }
            if (_announceSynced)
            {
                _announceSynced = false;
                frames.Add(NativeReplies.Synced(upTo));
            }
        }
        return live;
    }

    /// <summary>Of several that have not begun, the one that shows most. Called by the reader task alone; the writer task takes it.</summary>
    private void AskForReplay(long since)
    {
        var waiting = Volatile.Read(ref _syncTo);
        if (waiting < 0 || Interlocked.CompareExchange(ref _syncTo, Math.Min(since, waiting), waiting) != waiting)
        {
            Volatile.Write(ref _syncTo, since);
        }
        Subscriber.Wake();
    }

    private async ValueTask BeginReplayAsync(long since, List<Frame> frames, CancellationToken cancellation)
    {
        // A replay that is under way has not shown what lies between its cursor and a since beyond that; nor has a live reader what still waits.
        Replay = new Replay(_services.Common.Gateway, _services.Common.Journal, Hub, Subscriber, since, notAfter: Subscriber.TakenUpTo);
        if (await Replay.BeginAsync(cancellation) is { } view && since > view.Head)
        {
            frames.Add(SocketReplies.Reset(view.Head));
        }
        _announceSynced = Replay.ShowsPast;
    }

    /// <summary>The socket has gone: what it was streaming is over.</summary>
    public override ValueTask EndAsync() => _streams?.InterruptAsync(Caller) ?? default;

    public override void Dispose()
    {
        _rested?.Dispose();
        base.Dispose();
    }

    private ValueTask PostAsync(NativeRequest.Message m, CancellationToken cancellation) => AskAsync(
        new PostMessage
        {
            Caller = Caller,
            MessageId = MessageId.New(),
            RunId = MessageId.New(),
            Content = m.Content,
            MessageType = m.MessageType,
            Metadata = m.Metadata,
            ReplyTo = m.ReplyTo is { } id ? new MessageId(id) : null,
            ClientMessageId = m.ClientMessageId,
        },
        m,
        cancellation);

    private async ValueTask StartStreamAsync(NativeRequest.StreamStart s)
    {
        var (started, content) = await Streams.StartAsync(s, Caller, _services.IsDevelopment);
        Answer(started, s);
        if (content is Rejected)
        {
            Answer(content, s);
        }
    }

    private async ValueTask EndStreamAsync(NativeRequest.StreamEnd e, CancellationToken cancellation)
    {
        if (!string.IsNullOrEmpty(e.Content))
        {
            await AskAsync(Streams.ChunkOf(new NativeRequest.StreamChunk(e.MessageId, e.Content, null), Caller), e, cancellation);
        }
        await AskAsync(Streams.EndOf(e, Caller), e, cancellation);
    }

    /// <summary>Only what makes a message is acknowledged; a change shows itself by its stored frame.</summary>
    protected override void Answer(Reply reply, NativeRequest request)
    {
        if (reply is Accepted { Status: not null } ended && request is NativeRequest.StreamEnd)
        {
            Streams.Ended(ended.MessageId);
        }
        else if (reply is Rejected || request is NativeRequest.Message or NativeRequest.File or NativeRequest.StreamStart)
        {
            base.Answer(reply, request);
        }
    }

    private void MarkRead(long seq)
    {
        // A marker beyond what this socket was shown would hide messages that nobody has seen.
        seq = Math.Min(seq, Subscriber.Cursor);
        if (seq > 0)
        {
            _services.Markers.Raise(Caller.UserId, Hub.Session, seq);
            Hub.Presence.SetRead(Caller.UserId, seq);
        }
    }

    private async ValueTask RenewAsync(NativeRequest.Auth request, CancellationToken cancellation)
    {
        if (!(await _services.Tokens.ReadAsync(request.Token, cancellation)).IsAccepted(out var fresh))
        {
            Subscriber.Send(SocketReplies.Error(new Rejected(ErrorCode.Unauthorized, "The token is not accepted"), request.ClientMessageId));
        }
        else if (fresh.UserId != Caller.UserId)
        {
            Subscriber.Send(SocketReplies.Error(new Rejected(ErrorCode.Forbidden, "The token is another user's"), request.ClientMessageId));
        }
        else
        {
            Renew(fresh.ToCaller(), fresh.ExpiresAt);
        }
    }

    private void EndRest()
    {
        _isSyncing = false;
        Subscriber.Wake();
    }
}
