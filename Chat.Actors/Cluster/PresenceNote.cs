using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>What nodes tell each other of who is where; JSON with the kind in <c>$type</c>. Newer kinds are passed over.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(WhoAsked), "asked")]
[JsonDerivedType(typeof(WhoAnswered), "answered")]
[JsonDerivedType(typeof(Present), "present")]
[JsonDerivedType(typeof(TypingShown), "typing")]
[JsonDerivedType(typeof(ReadShown), "read")]
[JsonDerivedType(typeof(UpdateShown), "updated")]
[JsonDerivedType(typeof(Seen), "seen")]
internal abstract record PresenceNote
{
    /// <summary>To every node: whom have you here?</summary>
    public sealed record WhoAsked(string Node, long Number, string Session) : PresenceNote;

    public sealed record WhoAnswered(string Node, long Number, IReadOnlyList<PersonHere> Persons) : PresenceNote;

    /// <param name="IsWhole">Nobody else is there.</param>
    public sealed record Present(string Node, bool IsWhole, IReadOnlyList<PersonHere> Persons) : PresenceNote;

    public sealed record TypingShown(Person Who, bool IsTyping, DateTimeOffset At) : PresenceNote;

    public sealed record ReadShown(Person Who, long Seq, DateTimeOffset At) : PresenceNote;

    public sealed record UpdateShown(Person Who, DateTimeOffset At) : PresenceNote;

    /// <summary>A user's last socket has left a session.</summary>
    public sealed record Seen(string Session, string UserId, DateTimeOffset At) : PresenceNote;

    /// <summary>Null for what nodes find out by themselves from <see cref="Present"/>.</summary>
    public static PresenceNote? Of(PassingEvent e) => e switch
    {
        Typing t => new TypingShown(t.Who, t.IsTyping, t.At),
        ReadUpTo r => new ReadShown(r.Who, r.Seq, r.At),
        ParticipantUpdated u => new UpdateShown(u.Who, u.At),
        _ => null,
    };

    /// <summary>What <see cref="Of"/> was given.</summary>
    [JsonIgnore]
    public PassingEvent? Event => this switch
    {
        TypingShown t => new Typing(t.Who, t.IsTyping, t.At),
        ReadShown r => new ReadUpTo(r.Who, r.Seq, r.At),
        UpdateShown u => new ParticipantUpdated(u.Who, u.At),
        _ => null,
    };

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, PresenceJson.Default.PresenceNote);

    public static PresenceNote? Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, PresenceJson.Default.PresenceNote);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PresenceNote))]
internal sealed partial class PresenceJson : JsonSerializerContext;
