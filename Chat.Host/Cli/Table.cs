namespace Chat.Host.Cli;

/// <summary>Rows under headings, each column as wide as its widest cell.</summary>
internal static class Table
{
    public static void Write(TextWriter to, string[] headings, IReadOnlyList<string[]> rows)
    {
        var widths = headings.Select((heading, column) => rows.Select(row => row[column].Length).Append(heading.Length).Max()).ToArray();
        foreach (var row in rows.Prepend(headings))
        {
            to.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
