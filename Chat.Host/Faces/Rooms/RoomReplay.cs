using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Faces.Rooms;

/// <summary>Gives a reader that is behind the room's list of now, from where it can join the live ones.</summary>
internal sealed class RoomReplay(ISessionGateway gateway, SessionHub hub, Subscriber subscriber, Room room)
{
    /// <summary>The list that was given last, or would have been.</summary>
    private Frame? _list;

    /// <summary>Adds the list where it is another one. True when the subscriber is live; false calls for the next step.</summary>
    /// <exception cref="SessionGoneException">The caller may no longer read the session.</exception>
    public async ValueTask<bool> NextAsync(Caller caller, List<Frame> frames, CancellationToken cancellation)
    {
        var view = await gateway.ReadAsync(hub.Session, cancellation);
        if (view is null || !view.MayRead(caller))
        {
            throw new SessionGoneException();
        }
        if (view.IsArchived)
        {
            // The cursor passes the event that would have said so.
            subscriber.Close(CloseCode.Refused, "Session closed");
        }
        await room.BringUpToAsync(view.Head, cancellation);
        if (room.Codec.Current is not { } current)
        {
            // Live events have made it be loaded anew.
            return false;
        }
        // Lists that still wait are older than this one: they go.
        subscriber.Rewind(current.UpTo, view.Head);
        if (current.List != _list)
        {
            // A room without history shows nothing to one who comes; it does to one whose last list had a message.
            if (_list is not null || !current.IsEmpty)
            {
                frames.Add(current.List);
            }
            _list = current.List;
        }
        return hub.TryGoLive(subscriber);
    }
}
