using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat.Protocol;

/// <summary>Commands and replies as they go from node to node: JSON with the kind in <c>$type</c>.</summary>
public static class CommandCodec
{
    public static byte[] Encode(SessionCommand command) => JsonSerializer.SerializeToUtf8Bytes(command, CommandJson.Default.SessionCommand);

    public static byte[] Encode(Reply reply) => JsonSerializer.SerializeToUtf8Bytes(reply, CommandJson.Default.Reply);

    /// <summary>Null for a command that this version does not know, or cannot read: whoever asked acts by itself.</summary>
    public static SessionCommand? DecodeCommand(ReadOnlySpan<byte> bytes) => Decode(bytes, CommandJson.Default.SessionCommand);

    public static Reply? DecodeReply(ReadOnlySpan<byte> bytes) => Decode(bytes, CommandJson.Default.Reply);

    private static T? Decode<T>(ReadOnlySpan<byte> bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> info)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, info);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SessionCommand))]
[JsonSerializable(typeof(Reply))]
internal sealed partial class CommandJson : JsonSerializerContext;
