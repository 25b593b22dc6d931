using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Chat.Actors.Persistence;

/// <summary>One numbered step of a set's schema, and the way back.</summary>
/// <param name="Set"><c>journal</c> or <c>read</c>.</param>
/// <param name="Version">From 1, without holes.</param>
public sealed partial record Migration(string Set, int Version, string Name, string Up, string Down)
{
    /// <summary>Of the way up; line ends do not count.</summary>
    public string Checksum =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up.ReplaceLineEndings("\n"))));

    /// <summary>Tables that the way up creates, in lower case.</summary>
    public IEnumerable<string> Tables =>
        CreateTable().Matches(Comment().Replace(Up, "")).Select(match => match.Groups["name"].Value.ToLowerInvariant());

    /// <summary>The migrations of this build, from its resources <c>{engine}/{set}/0001_name.up.sql</c> and <c>.down.sql</c>.</summary>
    /// <param name="engine"><c>sqlite</c> or <c>postgres</c>.</param>
    public static IReadOnlyList<Migration> Embedded(string engine)
    {
        var assembly = typeof(Migration).Assembly;
        return
        [
            .. from resource in assembly.GetManifestResourceNames()
               let file = UpFile().Match(resource.Replace('\\', '/'))
               where file.Success && file.Groups["engine"].Value == engine
               select new Migration(
                   file.Groups["set"].Value,
                   int.Parse(file.Groups["version"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture),
                   file.Groups["name"].Value,
                   Read(assembly, resource),
                   Read(assembly, resource[..^".up.sql".Length] + ".down.sql")),
        ];
    }

    private static string Read(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"The migration {resource} is missing");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^(?<engine>\w+)/(?<set>\w+)/(?<version>\d{4})_(?<name>\w+)\.up\.sql$")]
    private static partial Regex UpFile();

    [GeneratedRegex(@"\bCREATE\s+(?:(?:UNLOGGED|VIRTUAL)\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[""\[`]?(?<name>\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex CreateTable();

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();
}

public enum MigrationState
{
    Applied,
    Pending,

    /// <summary>Applied, but from a file that read otherwise than this build's.</summary>
    Changed,

    /// <summary>Applied by a build that has more migrations than this one.</summary>
    Unknown,
}

/// <param name="AppliedAt">Null where it is pending.</param>
public sealed record MigrationStatus(int Version, string Name, MigrationState State, DateTimeOffset? AppliedAt);

/// <summary>A row of <c>chat_migrations</c>.</summary>
public sealed record AppliedMigration(int Version, string Name, string Checksum, DateTimeOffset AppliedAt);

/// <summary>The database is not one that these migrations may touch; nothing was changed by the step that was refused.</summary>
public sealed class MigrationRefusedException(string message) : Exception(message);
