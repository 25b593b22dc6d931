using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>Names one session, and its log.</summary>
[JsonConverter(typeof(Converter))]
public readonly record struct SessionId(string Value)
{
    public static SessionId New() => new(TimeOrderedId.New("sess_"));

    private const string RoomPrefix = "room:";

    /// <summary>The session of a room, which is named by seed 002's room id.</summary>
    public static SessionId OfRoom(string roomId) => new(RoomPrefix + roomId);

    /// <summary>The room's id, or null where the session is no room.</summary>
    public string? RoomId => Value.StartsWith(RoomPrefix, StringComparison.Ordinal) ? Value[RoomPrefix.Length..] : null;

    /// <summary>
    /// The form of a session id on the wire: <c>[A-Za-z0-9._-]{1,100}</c>, or a room's. Logs of other kinds (<c>code:</c>, <c>channel:</c>) have a colon too
    /// and so can never be named as a session by a client.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        if (text.StartsWith(RoomPrefix, StringComparison.Ordinal))
        {
            return IsRoomId(text[RoomPrefix.Length..]);
        }
        if (text.Length is 0 or > 100)
        {
            return false;
        }
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary><c>[^/\p{C}]{1,100}</c>, counted in scalar values.</summary>
    public static bool IsRoomId(ReadOnlySpan<char> text)
    {
        var count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != OperationStatus.Done || ++count > Limits.Name || rune.Value == '/'
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
            {
                return false;
            }
            text = text[consumed..];
        }
        return count > 0;
    }

    public override string ToString() => Value;

    public sealed class Converter : JsonConverter<SessionId>
    {
        public override SessionId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, SessionId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
