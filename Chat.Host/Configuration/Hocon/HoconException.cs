namespace Chat.Host.Configuration.Hocon;

/// <summary>
/// A text that is no HOCON, or uses what this reader does not read. The message names places and keys and never repeats a value,
/// since any value may be a secret.
/// </summary>
public sealed class HoconException : ChatConfigurationException
{
    public HoconException(HoconOrigin origin, string? key, string problem, Exception? cause = null)
        : base(string.IsNullOrEmpty(key) ? $"{origin}: {problem}" : $"{origin}: {key}: {problem}", cause)
    {
        Origin = origin;
        Key = string.IsNullOrEmpty(key) ? null : key;
        Problem = problem;
    }

    public HoconOrigin Origin { get; }

    /// <summary>The innermost key that was being read; null at the root.</summary>
    public string? Key { get; }

    public string Problem { get; }
}
