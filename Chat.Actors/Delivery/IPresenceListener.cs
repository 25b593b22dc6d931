using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Told of what begins with a socket of this node, in its order. Called under the presence's lock: must not block, and not ask the presence.</summary>
public interface IPresenceListener
{
    /// <summary>How many sockets a person has here now; none: has left.</summary>
    void Changed(SessionId session, PersonHere person);

    /// <summary>The readers here have been shown this.</summary>
    void Shown(SessionId session, PassingEvent e);
}

/// <summary>A person with sockets on one node.</summary>
/// <param name="Counted">Those that make them a participant who is present.</param>
public sealed record PersonHere(Person Who, int Sockets, int Counted);

/// <summary>Who is in a session, over all nodes.</summary>
/// <param name="Participants">Ids of the participants that are present.</param>
public sealed record WhoIsHere(IReadOnlySet<string> UserIds, IReadOnlyList<string> Participants)
{
    public static readonly WhoIsHere Nobody = new(new HashSet<string>(), []);
}
