using System.Text.RegularExpressions;

namespace Chat.Tests.Support;

/// <summary>One of the documents that the server was made from. They lie beside a checkout, not in it; tests run what stands in them as it stands.</summary>
public sealed class SeedDocument
{
    private readonly string _text;

    private SeedDocument(string text) => _text = text;

    /// <summary>Why there are no documents here; null where there are.</summary>
    public static string? Missing { get; } = FindFolder() is null ? "The documents that the server was made from are not beside this checkout (../shared/seeds)" : null;

    /// <param name="number">For example <c>003</c>.</param>
    public static SeedDocument Read(string number) => new(File.ReadAllText(Directory.GetFiles(FindFolder()!, $"{number}_*").Single()));

    /// <summary>The first code block under a heading.</summary>
    /// <param name="heading">Its text, without the signs before it.</param>
    public string CodeUnder(string heading) => CodeUnderHeading(heading).Match(_text) is { Success: true } match
        ? match.Groups["code"].Value
        : throw new InvalidOperationException($"No code under '{heading}'");

    private static Regex CodeUnderHeading(string heading) =>
        new($@"^\#+\ {Regex.Escape(heading)}[^\n]*\n(?:(?!\#|```).*\n)*```\w*\n(?<code>(?:(?!```).*\n)*)", RegexOptions.Multiline);

    private static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Chat.sln")))
            {
                var seeds = Path.Combine(folder.FullName, "..", "shared", "seeds");
                return Directory.Exists(seeds) ? seeds : null;
            }
        }
        return null;
    }
}
