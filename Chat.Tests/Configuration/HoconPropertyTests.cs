using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Host.Configuration;
using Chat.Host.Configuration.Hocon;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;

namespace Chat.Tests.Configuration;

public sealed class HoconPropertyTests
{
    private static readonly string[] Fragments =
    [
        "a", "b", "a.b", "\"a\"", "\"\"", "\"\"\"", "\"\"\"x\"\"\"", "{", "}", "[", "]", "=", ":", "+=", ",", "\n", " ", "\t", "${a}", "${?b}", "${?a.b}", "${", "$",
        "1", "-1.5e+3", "true", "null", "#c", "//", "/", "\\", "\"\\u0041\"", "\"\\", "include", "include \"b\"", "required(", "+", "é", "\uD800", "\0", "\r", "\uFEFF", ".", "?",
    ];

    [Fact]
    public void No_text_makes_the_reader_throw_anything_but_its_own_exception()
    {
        var texts = Gen.OneOf(
            Gen.Elements(Fragments).ListOf().Select(string.Concat),
            ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""));

        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            try
            {
                _ = HoconJson.Of(HoconDocument.Parse(text));
            }
            catch (HoconException)
            {
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000).WithEndSize(60));
    }

    [Fact]
    public void A_JSON_document_reads_the_same_as_by_a_JSON_reader()
    {
        var documents = Gen.Sized(size => Gen.OneOf(Objects(size), Lists(size)))
            .SelectMany(node => Gen.Elements(true, false), (node, indented) => node!.ToJsonString(new JsonSerializerOptions { WriteIndented = indented }));

        Prop.ForAll(documents.ToArbitrary(), json =>
            Assert.True(Same(JsonDocument.Parse(json).RootElement, HoconDocument.Parse(json)), json)).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Fact]
    public void A_configuration_of_any_tree_leads_each_value_back_to_its_line()
    {
        Prop.ForAll(Gen.Sized(Objects).ToArbitrary(), node =>
        {
            var root = (HoconObject)HoconDocument.Parse(node!.ToJsonString(new JsonSerializerOptions { WriteIndented = true }), "test.conf");
            var provider = new HoconConfigurationProvider(root);
            try
            {
                var configuration = new ConfigurationRoot([provider]);
                foreach (var (key, value) in configuration.AsEnumerable())
                    Assert.True(value is null || (provider.TryGetOrigin(key, out var origin) && origin.Line > 0), key);
            }
            catch (HoconException)
            {
                // Two keys that differ only in case.
            }
        }).QuickCheckThrowOnFailure();
    }

    private static Gen<JsonNode?> Nodes(int size) =>
        size <= 1 ? Scalars() : Gen.OneOf(Scalars(), Objects(size / 2), Lists(size / 2));

    private static Gen<JsonNode?> Objects(int size) =>
        from fields in Gen.Zip(Texts(), Nodes(size / 2)).ListOf()
        select (JsonNode?)new JsonObject(fields.DistinctBy(field => field.Item1).Select(field => KeyValuePair.Create(field.Item1, field.Item2?.DeepClone())));

    private static Gen<JsonNode?> Lists(int size) =>
        from items in Nodes(size / 2).ListOf()
        select (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())]);

    private static Gen<JsonNode?> Scalars() => Gen.OneOf(
        Texts().Select(text => (JsonNode?)JsonValue.Create(text)),
        ArbMap.Default.GeneratorFor<long>().Select(number => (JsonNode?)JsonValue.Create(number)),
        ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite).Select(number => (JsonNode?)JsonValue.Create(number)),
        ArbMap.Default.GeneratorFor<bool>().Select(truth => (JsonNode?)JsonValue.Create(truth)),
        Gen.Constant<JsonNode?>(null));

    // Through bytes and back, since half a surrogate pair is no text of JSON.
    private static Gen<string> Texts() => Gen.OneOf(ArbMap.Default.GeneratorFor<string>(), Gen.Elements(Fragments))
        .Select(text => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text ?? "")));

    private static bool Same(JsonElement json, HoconValue hocon) => (json.ValueKind, hocon) switch
    {
        (JsonValueKind.Object, HoconObject fields) =>
            json.EnumerateObject().Select(field => field.Name).SequenceEqual(fields.Fields.Keys)
            && json.EnumerateObject().All(field => Same(field.Value, fields.Fields[field.Name])),
        (JsonValueKind.Array, HoconList list) =>
            json.GetArrayLength() == list.Items.Count && json.EnumerateArray().Zip(list.Items).All(pair => Same(pair.First, pair.Second)),
        (JsonValueKind.String, HoconScalar { Kind: HoconKind.Text } text) => json.GetString() == text.Text,
        (JsonValueKind.Number, HoconScalar { Kind: HoconKind.Number } number) => json.GetRawText() == number.Text,
        (JsonValueKind.True or JsonValueKind.False, HoconScalar { Kind: HoconKind.Boolean } truth) => json.GetRawText() == truth.Text,
        (JsonValueKind.Null, HoconScalar { Kind: HoconKind.Null }) => true,
        _ => false,
    };
}
