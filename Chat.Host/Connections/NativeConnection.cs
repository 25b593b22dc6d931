using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>What a socket of the native face works with.</summary>
internal sealed record NativeServices(
    ISessionGateway Gateway, IJournal Journal, SessionHubs Hubs, ReadMarkers Markers, TokenReader Tokens, TimeProvider Time, bool IsDevelopment, int MaxLag)
{
    public StreamOwners StreamOwners { get; } = new();
}

/// <summary>One socket of the native face: client frames to commands, answers to frames.</summary>
internal sealed class NativeConnection : IFaceConnection, IDisposable
{
    /// <summary>Commands that one socket may have under way; the next frame waits.</summary>
    private const int MaxUnderWay = 64;

    /// <summary>
    /// Rest after a replay that the client has asked for: this, and a millisecond for each event of it. A frame of 25 bytes makes the server read a whole log,
    /// of which a face may show next to nothing; in a loop it would read 100 MB a second for one socket. One who has lost a frame waits for the rest only after a
    /// replay that it has just had.
    /// </summary>
    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    private readonly NativeServices _services;
    private readonly SessionHub _hub;
    private readonly Subscriber _subscriber;
    private readonly SemaphoreSlim _underWay = new(MaxUnderWay);
    private readonly ITimer _expiry;
    private readonly ITimer _rested;
    private readonly OutsideStreams _streams;
    private Identity _identity;
    private Replay _replay;
    private bool _announceSynced;
    private long _syncTo = -1;

    /// <summary>From a replay's beginning to the end of the rest after it: another one waits.</summary>
    private volatile bool _isSyncing;

    private TimeSpan _rest;
    private Task _answered = Task.CompletedTask;

    public NativeConnection(NativeServices services, SessionHub hub, Subscriber subscriber, Identity identity, Replay replay)
    {
        _services = services;
        _hub = hub;
        _subscriber = subscriber;
        _identity = identity;
        _replay = replay;
        _announceSynced = replay.ShowsPast;
        _streams = new OutsideStreams(services.Gateway, hub.Session, services.StreamOwners);
        _expiry = services.Time.CreateTimer(static state => ((NativeConnection)state!).CheckExpiry(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _rested = services.Time.CreateTimer(static state => ((NativeConnection)state!).EndRest(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        CheckExpiry();
    }

    private Caller Caller => new(_identity.UserId, _identity.Name, _identity.IsAdmin, _identity.IsAgent);

    public async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        var request = NativeReader.Read(frame, out var rejected, out var clientMessageId);
        if (request is null)
        {
            _subscriber.Send(NativeReplies.Error(rejected!, clientMessageId));
            return;
        }
        switch (request)
        {
            case NativeRequest.Message m:
                await PostAsync(m, cancellation);
                break;
            case NativeRequest.Typing t:
                _hub.Presence.SetTyping(_identity.UserId, t.IsTyping);
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
                await AskAsync(_streams.ChunkOf(c, Caller), c, cancellation);
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
                _subscriber.Send(NativeReplies.Pong);
                break;
        }
    }

    public bool HasToPage => Volatile.Read(ref _syncTo) >= 0 && !_isSyncing;

    public async ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation)
    {
        if (HasToPage && Interlocked.Exchange(ref _syncTo, -1) is var since)
        {
            _isSyncing = true;
            await BeginReplayAsync(since, frames, cancellation);
            var rest = ShortestRest + TimeSpan.FromMilliseconds(_replay.Lag);
            _rest = rest < LongestRest ? rest : LongestRest;
        }
        if (_subscriber.WasLive && _replay.Lag > _services.MaxLag)
        {
            ChatMetrics.SlowReaderCloses.Add(1);
            _subscriber.Close(CloseCode.Overloaded, "This reader is too far behind");
            return false;
        }
        // What the hub queues from the moment the subscriber is live has not been sent yet.
        var upTo = _subscriber.Cursor;
        var live = await _replay.NextAsync(Caller, frames, cancellation);
        if (live)
        {
            _replay.Restart();
            if (_rest > TimeSpan.Zero)
            {
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
        _subscriber.Wake();
    }

    private async ValueTask BeginReplayAsync(long since, List<Frame> frames, CancellationToken cancellation)
    {
        // A replay that is under way has not shown what lies between its cursor and a since beyond that; nor has a live reader what still waits.
        _replay = new Replay(_services.Gateway, _services.Journal, _hub, _subscriber, since, notAfter: _subscriber.TakenUpTo);
        if (await _replay.BeginAsync(cancellation) is { } view && since > view.Head)
        {
            frames.Add(NativeReplies.Reset(view.Head));
        }
        _announceSynced = _replay.ShowsPast;
    }

    /// <summary>The socket has gone: what it was streaming is over.</summary>
    public ValueTask EndAsync() => _streams.InterruptAsync(Caller);

    public void Dispose()
    {
        _expiry.Dispose();
        _rested.Dispose();
        _underWay.Dispose();
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
        var (started, content) = await _streams.StartAsync(s, Caller, _services.IsDevelopment);
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
            await AskAsync(_streams.ChunkOf(new NativeRequest.StreamChunk(e.MessageId, e.Content, null), Caller), e, cancellation);
        }
        await AskAsync(_streams.EndOf(e, Caller), e, cancellation);
    }

    /// <summary>
    /// Hands the command over in the order of arrival and does not wait for its answer, so that one socket's sends share commits.
    /// </summary>
    private async ValueTask AskAsync(SessionCommand command, NativeRequest request, CancellationToken cancellation)
    {
        await _underWay.WaitAsync(cancellation);
        var reply = _services.Gateway.AskAsync(_hub.Session, command, CancellationToken.None);
        _answered = AnswerAsync(_answered, reply, request);
    }

    /// <summary>Answers go out in the order of the frames that they answer.</summary>
    private async Task AnswerAsync(Task before, ValueTask<Reply> reply, NativeRequest request)
    {
        try
        {
            var answer = await reply;
            await before;
            Answer(answer, request);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The session has logged what happened; the client comes back and its client ids tell what was stored.
            _subscriber.Close(CloseCode.ServerFault, "The server failed");
        }
        finally
        {
            try
            {
                _underWay.Release();
            }
            catch (ObjectDisposedException)
            {
                // The socket ended before its last answer.
            }
        }
    }

    private void Answer(Reply reply, NativeRequest request)
    {
        switch (reply)
        {
            case Accepted accepted when request is NativeRequest.StreamEnd && accepted.Status is not null:
                _streams.Ended(accepted.MessageId);
                break;
            case Accepted accepted when request is NativeRequest.Message or NativeRequest.StreamStart && request.ClientMessageId is { } id:
                _subscriber.Send(NativeReplies.Ack(id, accepted));
                break;
            case Rejected rejected:
                _subscriber.Send(NativeReplies.Error(rejected, request.ClientMessageId));
                break;
        }
    }

    private void MarkRead(long seq)
    {
        // A marker beyond what this socket was shown would hide messages that nobody has seen.
        seq = Math.Min(seq, _subscriber.Cursor);
        if (seq > 0)
        {
            _services.Markers.Raise(_identity.UserId, _hub.Session, seq);
            _hub.Presence.SetRead(_identity.UserId, seq);
        }
    }

    private async ValueTask RenewAsync(NativeRequest.Auth request, CancellationToken cancellation)
    {
        if (!(await _services.Tokens.ReadAsync(request.Token, cancellation)).IsAccepted(out var fresh))
        {
            _subscriber.Send(NativeReplies.Error(new Rejected(ErrorCode.Unauthorized, "The token is not accepted"), request.ClientMessageId));
        }
        else if (fresh.UserId != _identity.UserId)
        {
            _subscriber.Send(NativeReplies.Error(new Rejected(ErrorCode.Forbidden, "The token is another user's"), request.ClientMessageId));
        }
        else
        {
            _identity = fresh;
            CheckExpiry();
        }
    }

    private void EndRest()
    {
        _isSyncing = false;
        _subscriber.Wake();
    }

    /// <summary>Timers reach some weeks; a token may live longer.</summary>
    private void CheckExpiry()
    {
        var left = _identity.ExpiresAt - _services.Time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            _subscriber.Close(CloseCode.TokenExpired, "Token expired");
        }
        else
        {
            _expiry?.Change(left < TimeSpan.FromDays(1) ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }
    }
}
