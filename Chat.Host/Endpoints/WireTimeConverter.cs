using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Times in answers as every wire writes them.</summary>
internal sealed class WireTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteTimeValue(value);
}
