namespace Chat.Protocol;

/// <summary>Something that is shown and not stored: it has no seq, and may be dropped when a reader is slow.</summary>
/// <param name="Who">Whom it is about; that user's own sockets do not get it, unless <see cref="ShownToOwn"/>.</param>
public abstract record PassingEvent(Person Who, DateTimeOffset At)
{
    public virtual bool ShownToOwn => false;
}

/// <summary>One who has a socket in a session, as others are shown them.</summary>
/// <param name="Name">Shown name: nickname, else the token's name, else the user id.</param>
/// <param name="ParticipantId">Where they are a participant.</param>
public sealed record Person(string UserId, string Name, string? ParticipantId = null);

/// <summary>The user's first socket came into the session.</summary>
/// <param name="Participants">Participants that are in it now.</param>
public sealed record UserJoined(Person Who, int Participants, DateTimeOffset At) : PassingEvent(Who, At);

/// <summary>The user's last socket left it.</summary>
/// <param name="Participants">Participants that are in it still.</param>
public sealed record UserLeft(Person Who, int Participants, DateTimeOffset At) : PassingEvent(Who, At);

public sealed record Typing(Person Who, bool IsTyping, DateTimeOffset At) : PassingEvent(Who, At);

/// <summary>The user has read up to <paramref name="Seq"/>.</summary>
public sealed record ReadUpTo(Person Who, long Seq, DateTimeOffset At) : PassingEvent(Who, At);

/// <summary>A participant has said that it is there (seed 001's <c>participant_update</c>).</summary>
public sealed record ParticipantUpdated(Person Who, DateTimeOffset At) : PassingEvent(Who, At)
{
    public override bool ShownToOwn => true;
}
