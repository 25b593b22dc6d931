using System.Globalization;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Where a value was written.</summary>
/// <param name="File">Null unless it stands in a file.</param>
/// <param name="Line">From 1; 0 outside files.</param>
/// <param name="Source">What an operator calls it: the file, the environment variable, the argument.</param>
public sealed record HoconOrigin(string? File, int Line, string Source)
{
    public static HoconOrigin InFile(string file, int line) => new(file, line, file);

    public static HoconOrigin InEnvironment(string variable) => new(null, 0, "environment variable " + variable);

    public static HoconOrigin InOverride(string key) => new(null, 0, "--set " + key);

    public override string ToString() =>
        Line == 0 ? Source : string.Create(CultureInfo.InvariantCulture, $"{Source}:{Line}");
}
