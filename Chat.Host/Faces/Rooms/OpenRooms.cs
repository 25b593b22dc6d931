using Chat.Protocol;

namespace Chat.Host.Faces.Rooms;

/// <summary>The rooms that this node has sockets of, each with the one list that they share.</summary>
internal sealed class OpenRooms(ChatNode node)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SessionId, Opened> _rooms = [];

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _rooms.Count;
            }
        }
    }

    /// <summary>For one socket: the room stays until every place in it is disposed.</summary>
    public Place Enter(SessionId session)
    {
        lock (_gate)
        {
            if (!_rooms.TryGetValue(session, out var opened))
            {
                _rooms[session] = opened = new Opened(new Room(session, node.Journal, ReadAsync));
            }
            opened.Places++;
            return new Place(this, session, opened.Room);
        }
    }

    private void Leave(SessionId session)
    {
        lock (_gate)
        {
            if (--_rooms[session].Places == 0)
            {
                _rooms.Remove(session, out var left);
                left!.Room.Dispose();
            }
        }
    }

    private async ValueTask<IReadOnlyList<RoomMessage>> ReadAsync(SessionId session, long upTo, int limit, CancellationToken cancellation)
    {
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        var rows = await node.ReadModel.ConversationAsync(session, upTo, limit, cancellation);
        return [.. rows.Select(row => new RoomMessage(row.MessageId, row.SenderName, row.Content ?? "", row.CreatedAt, row.Metadata, row.File))];
    }

    public sealed class Place(OpenRooms rooms, SessionId session, Room room) : IDisposable
    {
        public Room Room => room;

        public void Dispose() => rooms.Leave(session);
    }

    private sealed class Opened(Room room)
    {
        public Room Room => room;
        public int Places { get; set; }
    }
}
