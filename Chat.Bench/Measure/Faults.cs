namespace Chat.Bench.Measure;

/// <summary>What must not happen, in deliveries.</summary>
internal readonly record struct Faults
{
    public long Lost { get; init; }
    public long Doubled { get; init; }
    public long Disordered { get; init; }

    /// <summary>Places where the server's own numbering did not go on as it must.</summary>
    public long Holes { get; init; }

    /// <summary>Shown in another room than it was sent to.</summary>
    public long Stray { get; init; }

    public long Sum => Lost + Doubled + Disordered + Holes + Stray;

    public static Faults operator +(Faults a, Faults b) => new()
    {
        Lost = a.Lost + b.Lost,
        Doubled = a.Doubled + b.Doubled,
        Disordered = a.Disordered + b.Disordered,
        Holes = a.Holes + b.Holes,
        Stray = a.Stray + b.Stray,
    };
}
