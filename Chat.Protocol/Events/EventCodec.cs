using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Chat.Protocol;

/// <summary>Events to and from the journal's bytes: JSON with a versioned manifest (<c>message-posted/1</c>).</summary>
public static class EventCodec
{
    private static readonly EventJson Json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The journal is no web page; Hangul stays readable and short.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new UtcConverter() },
        MaxDepth = 64,
    });

    private static readonly (string Manifest, Type Type)[] Rows =
    [
        ("session-created/1", typeof(SessionCreated)),
        ("message-posted/1", typeof(MessagePosted)),
        ("message-edited/1", typeof(MessageEdited)),
        ("message-deleted/1", typeof(MessageDeleted)),
        ("reaction-changed/1", typeof(ReactionChanged)),
        ("title-changed/1", typeof(TitleChanged)),
        ("metadata-changed/1", typeof(MetadataChanged)),
        ("session-archived/1", typeof(SessionArchived)),
        ("session-restored/1", typeof(SessionRestored)),
        ("participant-joined/1", typeof(ParticipantJoined)),
        ("member-added/1", typeof(MemberAdded)),
        ("member-removed/1", typeof(MemberRemoved)),
        ("run-queued/1", typeof(RunQueued)),
        ("stream-started/1", typeof(StreamStarted)),
        ("run-claimed/1", typeof(RunClaimed)),
        ("stream-chunk/1", typeof(StreamChunk)),
        ("stream-ended/1", typeof(StreamEnded)),
        ("name-claimed/1", typeof(NameClaimed)),
    ];

    private static readonly Dictionary<Type, (string Manifest, JsonTypeInfo Info)> ByType =
        Rows.ToDictionary(row => row.Type, row => (row.Manifest, Json.GetTypeInfo(row.Type)!));

    private static readonly Dictionary<string, JsonTypeInfo> ByManifest =
        Rows.ToDictionary(row => row.Manifest, row => Json.GetTypeInfo(row.Type)!, StringComparer.Ordinal);

    public static IEnumerable<string> Manifests => ByManifest.Keys;

    public static (string Manifest, byte[] Payload) Encode(SessionEvent e)
    {
        var (manifest, info) = ByType[e.GetType()];
        return (manifest, JsonSerializer.SerializeToUtf8Bytes(e, info));
    }

    /// <exception cref="EventFormatException">A manifest that this version does not know, or bytes that are not such an event.</exception>
    public static SessionEvent Decode(string manifest, ReadOnlySpan<byte> payload)
    {
        if (!ByManifest.TryGetValue(manifest, out var info))
        {
            throw new EventFormatException($"This version cannot read events of '{manifest}'");
        }
        try
        {
            return (SessionEvent?)JsonSerializer.Deserialize(payload, info)
                ?? throw new EventFormatException($"An event of '{manifest}' is null");
        }
        catch (JsonException e)
        {
            throw new EventFormatException($"An event of '{manifest}' is not in its form: {e.Message}", e);
        }
    }

    /// <summary>ISO 8601 in UTC with three decimals and <c>Z</c>.</summary>
    private sealed class UtcConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToWire());
    }
}

/// <summary>Stored bytes that cannot be read as an event.</summary>
public sealed class EventFormatException(string message, Exception? inner = null) : Exception(message, inner);

[JsonSerializable(typeof(SessionCreated))]
[JsonSerializable(typeof(MessagePosted))]
[JsonSerializable(typeof(MessageEdited))]
[JsonSerializable(typeof(MessageDeleted))]
[JsonSerializable(typeof(ReactionChanged))]
[JsonSerializable(typeof(TitleChanged))]
[JsonSerializable(typeof(MetadataChanged))]
[JsonSerializable(typeof(SessionArchived))]
[JsonSerializable(typeof(SessionRestored))]
[JsonSerializable(typeof(ParticipantJoined))]
[JsonSerializable(typeof(MemberAdded))]
[JsonSerializable(typeof(MemberRemoved))]
[JsonSerializable(typeof(RunQueued))]
[JsonSerializable(typeof(StreamStarted))]
[JsonSerializable(typeof(RunClaimed))]
[JsonSerializable(typeof(StreamChunk))]
[JsonSerializable(typeof(StreamEnded))]
[JsonSerializable(typeof(NameClaimed))]
internal sealed partial class EventJson : JsonSerializerContext;
