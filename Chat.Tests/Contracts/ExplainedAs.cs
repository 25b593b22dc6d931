namespace Chat.Tests.Contracts;

/// <summary>What a query's plan must look like.</summary>
internal static class ExplainedAs
{
    /// <summary>No table is read from end to end: neither SQLite's <c>SCAN TABLE x</c> nor PostgreSQL's <c>Seq Scan</c>, nor an index as a whole.</summary>
    public static void Searches(IReadOnlyList<string> plan)
    {
        var text = string.Join('\n', plan);
        Assert.True(plan.Any(IsSearch), text);
        Assert.DoesNotContain(plan, line => line.Contains("SCAN TABLE", StringComparison.Ordinal) || line.Contains("Seq Scan", StringComparison.Ordinal));
    }

    /// <summary>Nor are rows sorted.</summary>
    public static void OrderedSearches(IReadOnlyList<string> plan)
    {
        Searches(plan);
        Assert.DoesNotContain(plan, line => line.Contains("TEMP B-TREE", StringComparison.Ordinal) || line.Contains("Sort", StringComparison.Ordinal));
    }

    private static bool IsSearch(string line) => line.Contains("SEARCH TABLE", StringComparison.Ordinal) || line.Contains("Index Cond", StringComparison.Ordinal);
}
