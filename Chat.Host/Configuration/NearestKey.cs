namespace Chat.Host.Configuration;

/// <summary>Guesses what an unknown key was meant to be.</summary>
internal static class NearestKey
{
    /// <summary>The known key that fewest edits lead to; one that only stands in another section counts as one edit away.</summary>
    public static string? Of(string unknown, IEnumerable<string> known) =>
        known.OrderBy(candidate => Distance(unknown, candidate)).ThenBy(candidate => Edits(unknown, candidate)).ThenBy(candidate => candidate, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Insertions, deletions and replacements of a character, and swaps of neighbours.</summary>
    public static int Edits(string a, string b)
    {
        var before = new int[b.Length + 1];
        var last = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, last) = (last, row);
        }

        return last[b.Length];
    }

    private static int Distance(string unknown, string candidate) =>
        Name(unknown) == Name(candidate) ? 1 : Edits(unknown, candidate);

    private static string Name(string key) => key[(key.LastIndexOf('.') + 1)..];
}
