using System.Text.RegularExpressions;

namespace Chat.Tests.Contracts;

/// <summary>What a query's plan must look like.</summary>
internal static partial class ExplainedAs
{
    /// <summary>No table is read from end to end, nor an index as a whole: SQLite's <c>SCAN x</c> of anything but a part of the query, or PostgreSQL's <c>Seq Scan</c>.</summary>
    public static void Searches(IReadOnlyList<string> plan)
    {
        var text = string.Join('\n', plan);
        Assert.True(plan.Any(IsSearch), text);
        var parts = plan.Select(line => Part().Match(line)).Where(part => part.Success).Select(part => part.Groups[1].Value).ToHashSet();
        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan", StringComparison.Ordinal) || Scan().Match(line) is { Success: true } scan && !parts.Contains(scan.Groups[1].Value));
    }

    /// <summary>Nor are rows sorted.</summary>
    public static void OrderedSearches(IReadOnlyList<string> plan)
    {
        Searches(plan);
        Assert.DoesNotContain(plan, line => line.Contains("TEMP B-TREE", StringComparison.Ordinal) || line.Contains("Sort", StringComparison.Ordinal));
    }

    private static bool IsSearch(string line) => line.Contains("SEARCH ", StringComparison.Ordinal) || line.Contains("Index Cond", StringComparison.Ordinal);

    [GeneratedRegex(@"(?:CO-ROUTINE|MATERIALIZE) (\S+)")]
    private static partial Regex Part();

    [GeneratedRegex(@"SCAN (?!CONSTANT ROW)(\S+)")]
    private static partial Regex Scan();
}
