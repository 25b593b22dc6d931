using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

/// <summary>Shows a HOCON value as JSON, so that tests can compare it with what it should mean.</summary>
internal static class HoconJson
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(string hocon, params (string Name, string Value)[] environment) =>
        Of(HoconDocument.Parse(hocon, "test.conf", environment.ToDictionary(variable => variable.Name, variable => (string?)variable.Value)));

    public static string Of(HoconValue value) => Node(value)?.ToJsonString(Plain) ?? "null";

    /// <summary>The same JSON in the spelling of <see cref="Of(HoconValue)"/>.</summary>
    public static string Spelled(string json) => JsonNode.Parse(json)?.ToJsonString(Plain) ?? "null";

    private static JsonNode? Node(HoconValue value) => value switch
    {
        HoconObject fields => new JsonObject(fields.Fields.Select(field => KeyValuePair.Create(field.Key, Node(field.Value)))),
        HoconList list => new JsonArray([.. list.Items.Select(Node)]),
        HoconScalar { Kind: HoconKind.Text } text => JsonValue.Create(text.Text),
        HoconScalar scalar => JsonNode.Parse(scalar.Text),
        _ => throw new InvalidOperationException(),
    };
}
