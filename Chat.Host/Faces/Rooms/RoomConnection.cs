using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.Rooms;

/// <summary>What a socket of the room face works with.</summary>
internal sealed record RoomServices(FaceServices Common, Authenticator Authenticator, OpenSessions OpenSessions, OpenRooms Rooms, bool IsDevelopment);

/// <summary>One socket of the room face.</summary>
/// <param name="isGuest">It has no token: each username is an author of its own.</param>
internal sealed class RoomConnection(RoomServices services, EnteredSocket entered, Room room, bool isGuest) : FaceConnection<RoomRequest>(services.Common, entered)
{
    /// <summary>Who reads without a token.</summary>
    public static readonly Caller Guest = new("guest", "guest");

    private readonly RoomReplay _replay = new(services.Common.Gateway, entered.Hub, entered.Subscriber, room);

    /// <summary>Guests that have joined; a session's limit of members is theirs.</summary>
    private readonly HashSet<string> _guests = [];

    public override async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        var request = RoomReader.Read(frame, out var rejected, out var clientMessageId);
        if (request is null)
        {
            Subscriber.Send(SocketReplies.Error(rejected!, clientMessageId));
            return;
        }
        var author = AuthorOf(request);
        rejected = author is null ? new Rejected(ErrorCode.BadField, "username is missing") : await JoinAsync(author);
        if (rejected is not null)
        {
            Subscriber.Send(SocketReplies.Error(rejected, clientMessageId));
            return;
        }
        var post = new PostMessage
        {
            Caller = author!,
            MessageId = MessageId.New(),
            RunId = MessageId.New(),
            Content = request.Content,
            Metadata = request.Metadata,
            ClientMessageId = clientMessageId,
        };
        await AskAsync(post, request, cancellation);
    }

    /// <summary>Every page is the list of now: one who was away has missed nothing, however long it was.</summary>
    public override ValueTask<bool> PageAsync(List<Frame> frames, CancellationToken cancellation) => _replay.NextAsync(Caller, frames, cancellation);

    /// <summary>Null where nobody says who it is.</summary>
    private Caller? AuthorOf(RoomRequest request) => request.Username switch
    {
        null => isGuest ? null : Caller,
        { } name when isGuest => new Caller(GuestId(name), name),
        { } name => Caller with { Name = name },
    };

    /// <summary>A user id has 100 characters at most, a username as many.</summary>
    private static string GuestId(string username)
    {
        const string Prefix = "guest:";
        return Prefix + string.Concat(username.EnumerateRunes().Take(Limits.Name - Prefix.Length));
    }

    private async ValueTask<Rejected?> JoinAsync(Caller author)
    {
        if (!isGuest || _guests.Contains(author.UserId))
        {
            return null;
        }
        var rejected = await services.OpenSessions.JoinAsync(Hub.Session, author, withAgent: false);
        if (rejected is null)
        {
            _guests.Add(author.UserId);
        }
        return rejected;
    }
}
