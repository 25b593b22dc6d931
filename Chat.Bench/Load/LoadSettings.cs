namespace Chat.Bench.Load;

/// <summary>What a run asks of a server.</summary>
internal sealed record LoadSettings
{
    public required int Rooms { get; init; }

    /// <summary>Of each room; all receive.</summary>
    public required int Members { get; init; }

    /// <summary>Members of each room who send.</summary>
    public required int Senders { get; init; }

    /// <summary>Deliveries offered per second over all rooms, whether the server keeps up or not.</summary>
    public double Rate { get; init; }

    /// <summary>Of each sender, who sends the next when one is through; 0 for <see cref="Rate"/>.</summary>
    public int InFlight { get; init; }

    /// <summary>Of each sender, after which it sends no more and the measured time ends; 0 for no end.</summary>
    public int Messages { get; init; }

    /// <summary>A message is through with its acknowledgement; else when every member has been shown it.</summary>
    public bool EndsWithAck { get; init; }

    /// <summary>Bytes of a message's content.</summary>
    public int Size { get; init; } = 100;

    /// <summary>How many users share the members' places; at least as many as a room has.</summary>
    public required int Users { get; init; }

    /// <summary>Number of the first of these.</summary>
    public int FirstUser { get; init; }

    public TimeSpan Warmup { get; init; }
    public TimeSpan Duration { get; init; }

    /// <summary>Part of the warm-up, over which the rate rises from nothing, or the senders begin one after another.</summary>
    public TimeSpan Ramp { get; init; }

    /// <summary>Mean of what a sender in a closed loop waits before the next message, and an agent before the next answer; exponentially distributed.</summary>
    public TimeSpan Think { get; init; }
}
