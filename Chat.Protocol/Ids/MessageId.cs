using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>Names one message, or one run of an agent, whose answer becomes the message of that id.</summary>
[JsonConverter(typeof(Converter))]
public readonly record struct MessageId(string Value)
{
    public static MessageId New() => new(TimeOrderedId.New("msg_"));

    public override string ToString() => Value;

    public sealed class Converter : JsonConverter<MessageId>
    {
        public override MessageId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, MessageId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
