using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>What a build reads and writes that has one version more than this one: of a message, whose text it calls otherwise.</summary>
internal static class NewerEvents
{
    public const string Posted = "message-posted/2";

    private static readonly EventForm Older = EventForm.All.Single(form => form.Manifest == "message-posted/1");

    public static EventCodec Codec() => new([.. EventForm.All, new EventForm(Posted, typeof(MessagePosted), Encode, Decode)]);

    private static byte[] Encode(SessionEvent e) => Renamed(Older.Encode(e), "content", "text");

    private static SessionEvent? Decode(ReadOnlySpan<byte> payload) => Older.Decode(Renamed(payload, "text", "content"));

    private static byte[] Renamed(ReadOnlySpan<byte> json, string from, string to)
    {
        var fields = JsonNode.Parse(json)!.AsObject();
        var value = fields[from];
        fields.Remove(from);
        fields[to] = value;
        return JsonSerializer.SerializeToUtf8Bytes(fields);
    }
}
