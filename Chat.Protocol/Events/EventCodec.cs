using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Chat.Protocol;

/// <summary>
/// Events to and from the journal's bytes: JSON with a versioned manifest (<c>message-posted/1</c>). A node's codec reads all that this build knows, and writes each event in the
/// newest of its forms, or in the newest that all nodes read (<see cref="WriteOnly"/>).
/// </summary>
public sealed class EventCodec
{
    private readonly IReadOnlyList<EventForm> _forms;
    private readonly Dictionary<string, EventForm> _byManifest;
    private volatile Dictionary<Type, EventForm> _written;

    public EventCodec() : this(EventForm.All)
    {
    }

    /// <param name="forms">An event's forms in their order, the newest last.</param>
    public EventCodec(IReadOnlyList<EventForm> forms)
    {
        _forms = forms;
        _byManifest = forms.ToDictionary(form => form.Manifest, StringComparer.Ordinal);
        _written = NewestOf(forms);
    }

    /// <summary>All that this build reads.</summary>
    public IReadOnlyCollection<string> Manifests => _byManifest.Keys;

    /// <summary>What every build reads that knows the event at all.</summary>
    public IEnumerable<string> FirstManifests => _forms.DistinctBy(form => form.Event).Select(form => form.Manifest);

    /// <summary>What is written now.</summary>
    public IEnumerable<string> WrittenManifests => _written.Values.Select(form => form.Manifest);

    /// <summary>From now on nothing else is written. An event that has no such form cannot be.</summary>
    public void WriteOnly(IReadOnlySet<string> manifests) => _written = NewestOf(_forms.Where(form => manifests.Contains(form.Manifest)));

    public bool CanWrite(SessionEvent e) => _written.ContainsKey(e.GetType());

    /// <exception cref="EventFormatException">Not all nodes read such an event: <see cref="CanWrite"/>.</exception>
    public (string Manifest, byte[] Payload) Encode(SessionEvent e)
    {
        var form = _written.GetValueOrDefault(e.GetType()) ?? throw new EventFormatException($"Not all nodes read {e.GetType().Name}");
        return (form.Manifest, form.Encode(e));
    }

    /// <exception cref="EventFormatException">A manifest that this version does not know, or bytes that are not such an event.</exception>
    public SessionEvent Decode(string manifest, ReadOnlySpan<byte> payload)
    {
        if (!_byManifest.TryGetValue(manifest, out var form))
        {
            throw new EventFormatException($"This version cannot read events of '{manifest}'");
        }
        try
        {
            return form.Decode(payload) ?? throw new EventFormatException($"An event of '{manifest}' is null");
        }
        catch (JsonException e)
        {
            throw new EventFormatException($"An event of '{manifest}' is not in its form: {e.Message}", e);
        }
    }

    private static Dictionary<Type, EventForm> NewestOf(IEnumerable<EventForm> forms) => forms.GroupBy(form => form.Event).ToDictionary(group => group.Key, group => group.Last());
}

/// <summary>One version of an event's bytes.</summary>
/// <param name="Event">The record that it becomes; the same one for all versions of an event.</param>
/// <param name="Encode">Of an older version: without what only newer ones can say.</param>
/// <param name="Decode">Null for the JSON <c>null</c>; may throw <see cref="JsonException"/>.</param>
public sealed record EventForm(string Manifest, Type Event, Func<SessionEvent, byte[]> Encode, Func<ReadOnlySpan<byte>, SessionEvent?> Decode)
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

    /// <summary>Every form that has ever been released.</summary>
    public static IReadOnlyList<EventForm> All { get; } =
    [
        Of(Json.SessionCreated, "session-created/1"),
        Of(Json.MessagePosted, "message-posted/1"),
        Of(Json.FilePosted, "file-posted/1"),
        Of(Json.MessageEdited, "message-edited/1"),
        Of(Json.MessageDeleted, "message-deleted/1"),
        Of(Json.ReactionChanged, "reaction-changed/1"),
        Of(Json.TitleChanged, "title-changed/1"),
        Of(Json.MetadataChanged, "metadata-changed/1"),
        Of(Json.SessionArchived, "session-archived/1"),
        Of(Json.SessionRestored, "session-restored/1"),
        Of(Json.ParticipantJoined, "participant-joined/1"),
        Of(Json.MemberAdded, "member-added/1"),
        Of(Json.MemberRemoved, "member-removed/1"),
        Of(Json.RunQueued, "run-queued/1"),
        Of(Json.StreamStarted, "stream-started/1"),
        Of(Json.RunClaimed, "run-claimed/1"),
        Of(Json.StreamChunk, "stream-chunk/1"),
        Of(Json.StreamEnded, "stream-ended/1"),
        Of(Json.NameClaimed, "name-claimed/1"),
    ];

    private static EventForm Of<T>(JsonTypeInfo<T> info, string manifest) where T : SessionEvent =>
        new(manifest, typeof(T), e => JsonSerializer.SerializeToUtf8Bytes((T)e, info), payload => JsonSerializer.Deserialize(payload, info));

    /// <summary>ISO 8601 in UTC with three decimals and <c>Z</c>.</summary>
    private sealed class UtcConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteTimeValue(value);
    }
}

/// <summary>Stored bytes that cannot be read as an event.</summary>
public sealed class EventFormatException(string message, Exception? inner = null) : Exception(message, inner);

[JsonSerializable(typeof(SessionCreated))]
[JsonSerializable(typeof(MessagePosted))]
[JsonSerializable(typeof(FilePosted))]
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
