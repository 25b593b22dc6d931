namespace Chat.Protocol;

/// <summary>Something that is shown and not stored: it has no seq, and may be dropped when a reader is slow.</summary>
/// <param name="UserId">Whom it is about; that user's own sockets do not get it.</param>
public abstract record PassingEvent(string UserId, DateTimeOffset At);

/// <summary>The user's first socket came into the session.</summary>
public sealed record UserJoined(string UserId, DateTimeOffset At) : PassingEvent(UserId, At);

/// <summary>The user's last socket left it.</summary>
public sealed record UserLeft(string UserId, DateTimeOffset At) : PassingEvent(UserId, At);

public sealed record Typing(string UserId, bool IsTyping, DateTimeOffset At) : PassingEvent(UserId, At);

/// <summary>The user has read up to <paramref name="Seq"/>.</summary>
public sealed record ReadUpTo(string UserId, long Seq, DateTimeOffset At) : PassingEvent(UserId, At);
