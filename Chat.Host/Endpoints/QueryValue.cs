using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Values of an address's query, bound as text so that a bad one is refused by name.</summary>
internal static class QueryValue
{
    /// <summary>Above the most it is the most: a client that asks for everything gets a page.</summary>
    /// <exception cref="FieldException" />
    public static int Limit(string? text, int absent, int most) => text is null ? absent : Math.Min(most, Number("limit", text, least: 1));

    /// <exception cref="FieldException" />
    public static int Number(string name, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new FieldException($"{name} must be a whole number, {least} at least");

    /// <exception cref="FieldException" />
    public static HistoryCursor? Cursor(string name, string? text) =>
        text is null ? null
        : HistoryCursor.TryParse(text, out var cursor) ? cursor
        : throw new FieldException($"{name} must be a time, a message_id or a seq");
}
