namespace Chat.Host.Configuration.Hocon;

/// <summary>What keeps a hostile or mistaken text from ending the process; each is far above what a configuration needs.</summary>
internal static class HoconLimits
{
    /// <summary>Objects and lists inside each other, counting each element of a path. A level costs the reader about 1 KiB of stack.</summary>
    public const int Depth = 128;

    /// <summary>Substitutions and values that wait for each other while one value is found.</summary>
    public const int Steps = 512;

    /// <summary>Values in the whole tree after substitution: ten lines that double each other's lists already make a thousand.</summary>
    public const int Values = 100_000;

    /// <summary>Characters of one joined string.</summary>
    public const int Text = 1 << 20;
}
