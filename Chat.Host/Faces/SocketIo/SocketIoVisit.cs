using Chat.Actors.Delivery;
using Chat.Host.Connections;
using Chat.Host.SocketIo;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>A send that is under way, and the event that is to be acknowledged.</summary>
internal sealed record PendingSend(SocketIoSend Send, SocketIoEvent Event);

/// <summary>A client's stay in one session, from <c>join_session</c> to its end: a subscriber, and the task that takes its frames to the client.</summary>
internal sealed class SocketIoVisit : SessionSocket<PendingSend>, IAsyncDisposable
{
    private readonly SocketIoSocket _socket;
    private readonly SocketIoServices _services;
    private readonly Person _who;
    private readonly bool _isPresenter;
    private Task _pumping = Task.CompletedTask;

    private SocketIoVisit(SocketIoSocket socket, SocketIoServices services, EnteredSocket entered, bool isPresenter)
        : base(services.Common, entered)
    {
        _socket = socket;
        _services = services;
        _who = entered.Entrance.Who;
        _isPresenter = isPresenter;
    }

    public SessionId Session => Hub.Session;

    public string UserId => _who.UserId;

    /// <summary>Null where there is no such session, or not any more for this caller.</summary>
    /// <param name="joining">Acknowledged with what the client has joined.</param>
    /// <exception cref="Actors.Persistence.JournalUnavailableException" />
    public static async ValueTask<SocketIoVisit?> BeginAsync(SocketIoSocket socket, SocketIoServices services, Entrance entrance, bool isPresenter, SocketIoEvent joining)
    {
        var common = services.Common;
        var subscriber = new Subscriber(entrance.Codec, entrance.Caller.UserId, services.QueueLimit);
        var hub = common.Hubs.Subscribe(entrance.Session, subscriber);
        try
        {
            var replay = new Replay(common.Gateway, common.Journal, hub, subscriber, entrance.Since);
            if (await replay.BeginAsync(CancellationToken.None) is not { } view || !view.MayRead(entrance.Caller))
            {
                common.Hubs.Unsubscribe(hub, subscriber);
                return null;
            }
            var visit = new SocketIoVisit(socket, services, new EnteredSocket(entrance, hub, subscriber, replay, view), isPresenter);
            hub.Presence.Enter(entrance.Who, isPresenter, count =>
            {
                // Those who were here are told; this one is told the same, and then of its joining, as in the seed.
                hub.Open(subscriber, SocketIoFrames.ParticipantCount(count));
                subscriber.Send(SocketIoFrames.Joined(entrance.Session, count, view.Head));
                if (entrance.Since > view.Head)
                {
                    subscriber.Send(SocketIoFrames.Reset(view.Head));
                }
                joining.AckOk(w => SocketIoFrames.WriteJoined(w, entrance.Session, count, view.Head));
            });
            visit._pumping = visit.PumpAsync();
            return visit;
        }
        catch
        {
            common.Hubs.Unsubscribe(hub, subscriber);
            throw;
        }
    }

    public ValueTask PostAsync(SocketIoSend send, SocketIoEvent e) => AskAsync(
        new PostMessage
        {
            Caller = Caller,
            MessageId = MessageId.New(),
            RunId = MessageId.New(),
            Content = send.Message,
            MessageType = send.MessageType,
            ClientMessageId = send.ClientMessageId,
        },
        new PendingSend(send, e),
        CancellationToken.None);

    /// <summary>Leaves the session. What was sent is still stored and acknowledged.</summary>
    public async ValueTask DisposeAsync()
    {
        Subscriber.Close(CloseCode.Normal, "");
        await _pumping;
        if (Hub.Presence.Leave(_who, _isPresenter))
        {
            _services.Common.Hubs.LastSeen.Set(Session, _who.UserId, _services.Common.Time.GetUtcNow());
        }
        _services.Common.Hubs.Unsubscribe(Hub, Subscriber);
        Dispose();
    }

    protected override void Answer(Reply reply, PendingSend pending)
    {
        switch (reply)
        {
            case Accepted accepted:
                pending.Event.AckOk(w =>
                {
                    w.WriteString("id"u8, accepted.MessageId.Value);
                    w.WriteNumber("seq"u8, accepted.Seq);
                    w.WriteTime("created_at"u8, accepted.At);
                });
                break;
            case Rejected rejected:
                var refusal = rejected.Code == ErrorCode.StorageUnavailable ? SocketIoClient.NotStored : rejected;
                _socket.Send(SocketIoFrames.Error(refusal, pending.Send.ClientMessageId));
                pending.Event.AckError(refusal);
                break;
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            await SubscriberPump.RunAsync(Subscriber, this, WriteAsync, _services.Logger, CancellationToken.None);
            if (Subscriber.Closing is { Code: not CloseCode.Normal } closing)
            {
                _socket.Session.Close(closing.Code, closing.Reason);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
    }

    private async ValueTask WriteAsync(List<Frame> frames)
    {
        if (!await _socket.WhenWritableAsync())
        {
            throw new OperationCanceledException("The client has gone");
        }
        foreach (var frame in frames)
        {
            _socket.Send(frame);
        }
    }
}
