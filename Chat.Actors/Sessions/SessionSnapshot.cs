using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>A session's state as it is kept beside the log, so that waking it does not read the log from its beginning.</summary>
public sealed record SessionSnapshot
{
    /// <summary>A snapshot of another manifest is left alone and the log read instead.</summary>
    public const string Manifest = "session-state/2";

    public required SessionCreated Created { get; init; }
    public string? Title { get; init; }
    public string? Metadata { get; init; }
    public bool IsArchived { get; init; }
    public required IReadOnlyList<Member> Members { get; init; }
    public int MessageCount { get; init; }
    public long Head { get; init; }
    public long NativeHead { get; init; }
    public DateTimeOffset LastAt { get; init; }
    public required IEnumerable<SentOnceWindow.Sent> Sends { get; init; }
    public required IReadOnlyList<MessageFacts> Messages { get; init; }
    public required IReadOnlyList<RunState> Runs { get; init; }
    public IReadOnlyList<DoneCommands.Done>? Done { get; init; }

    public sealed record RunState(
        MessageId MessageId, int AgentId, string SenderId, string SenderName, MessageId PromptId, string? StreamedBy,
        long StartSeq, DateTimeOffset StartedAt, int Epoch, int NextIndex, string Text, string? Node = null);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJson.Default.SessionSnapshot);

    /// <exception cref="JsonException" />
    public static SessionSnapshot FromBytes(byte[] bytes) =>
        JsonSerializer.Deserialize(bytes, SnapshotJson.Default.SessionSnapshot) ?? throw new JsonException("The snapshot is null");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SessionSnapshot))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
