using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts.Faces;

/// <summary>A client of a face whose frames are JSON objects over WebSocket, with the answers that all of them have.</summary>
public abstract class FrameClient : ContractClient
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <param name="path">Of the address, with its query.</param>
    protected FrameClient(FaceWorld world, ClientLibrary library, string path, Key key, FaceSession session)
        : base(world.ProgramOf(library), key, session)
    {
        var name = library == ClientLibrary.Ws ? "ws" : "websockets";
        Open(new { library = name, url = $"ws://{world.Server.Address.Authority}{path}" });
    }

    /// <summary>The query of an address with a credential and a cursor.</summary>
    public static string Query(string? token, long? since)
    {
        string[] parts = [.. token is null ? [] : new[] { "token=" + Uri.EscapeDataString(token) }, .. since is null ? [] : new[] { $"since={since}" }];
        return parts.Length == 0 ? "" : "?" + string.Join('&', parts);
    }

    public override void SayTooMuch(int bytes) => Say(new string('x', bytes));

    /// <param name="frame">Fields that are null are left out.</param>
    protected void Send(object frame) => SendText(JsonSerializer.Serialize(frame, Json));

    protected void SendText(string text) => Do("send", new { text });

    protected sealed override IEnumerable<Told> Read(ClientReport report)
    {
        if (report.What == "open")
        {
            return [new Told.Opened()];
        }
        var frame = JsonSerializer.Deserialize<JsonElement>(report.Text("text"));
        return frame.GetProperty("type").GetString() switch
        {
            "ack" => [new Told.Acked(Text(frame, "client_message_id")!, Text(frame, "message_id")!, frame.GetProperty("seq").GetInt64())],
            "system" when Text(frame, "event") == "reset" => [new Told.Reset(Seq(frame)!.Value)],
            "error" when IsSettling(frame) => [new Told.Settled()],
            "error" => [new Told.Refused(Text(frame, "code")!, Text(frame, "message")!, Text(frame, "client_message_id"))],
            var type => ReadFrame(type!, frame),
        };
    }

    /// <summary>A frame of the face's own.</summary>
    protected abstract IEnumerable<Told> ReadFrame(string type, JsonElement frame);

    /// <summary>Where the face has no word for it, a type that it does not know is answered in its turn.</summary>
    protected override void AskToSettle() => Send(new { type = "settle" });

    protected virtual bool IsSettling(JsonElement error) => Text(error, "message") == "Unknown message type: settle";

    /// <summary>Frames that are no JSON object.</summary>
    protected IReadOnlyList<Mistake> NoObjects =>
    [
        new("no JSON", () => SendText("안녕"), "BAD_JSON"),
        new("nothing", () => SendText(""), "BAD_JSON"),
        new("half an object", () => SendText("""{"type":"""), "BAD_JSON"),
        new("an array", () => SendText("[]"), "BAD_JSON"),
        new("a string", () => SendText("\"안녕\""), "BAD_JSON"),
        new("too deep an object", () => SendText(string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40)), "BAD_JSON"),
    ];

    /// <summary>Types that a face with types does not know.</summary>
    protected IReadOnlyList<Mistake> NoTypes =>
    [
        new("no type", () => Send(new { hello = "server" }), "UNKNOWN_TYPE"),
        new("an unknown type", () => Send(new { type = "teleport" }), "UNKNOWN_TYPE"),
        new("a type that is a number", () => Send(new { type = 5 }), "BAD_FIELD"),
    ];

    /// <param name="frameOf">A message with this in the place of its text.</param>
    protected IReadOnlyList<Mistake> WrongTexts(Func<object, object> frameOf, int longest) =>
    [
        new("a text that is a number", () => Send(frameOf(5)), "BAD_FIELD"),
        new("a text that is an object", () => Send(frameOf(new { })), "BAD_FIELD"),
        new("U+0000", () => Send(frameOf("a\0b")), "BAD_FIELD"),
        new("an empty text", () => Send(frameOf("")), "EMPTY_MESSAGE"),
        new("white space", () => Send(frameOf(" \n\t ")), "EMPTY_MESSAGE"),
        new("too long a text", () => Send(frameOf(new string('x', longest + 1))), "TOO_LONG"),
    ];

    protected static string? Text(JsonElement frame, string field) =>
        frame.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    protected static long? Seq(JsonElement frame) => frame.TryGetProperty("seq", out var value) ? value.GetInt64() : null;
}
