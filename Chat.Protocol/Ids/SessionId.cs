using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>Names one session, and its log.</summary>
[JsonConverter(typeof(Converter))]
public readonly record struct SessionId(string Value)
{
    public static SessionId New() => new(TimeOrderedId.New("sess_"));

    /// <summary>
    /// The form of a session id on the wire, <c>[A-Za-z0-9._-]{1,100}</c>. Logs of other kinds (<c>code:</c>, <c>channel:</c>, <c>room:</c>)
    /// have a colon and so can never be named as a session by a client.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
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

    public override string ToString() => Value;

    public sealed class Converter : JsonConverter<SessionId>
    {
        public override SessionId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, SessionId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
