using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

public sealed class HoconIncludeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hocon").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("include \"b.conf\"", "x = 1", """{"x":1}""")]
    [InlineData("include file(\"b.conf\"), y = 2", "x = 1", """{"x":1,"y":2}""")]
    [InlineData("include\n  required( \"b.conf\" )\ny = 2", "x = 1", """{"x":1,"y":2}""")]
    [InlineData("include required(file(\"b.conf\"))", "{ x = 1 }", """{"x":1}""")]
    [InlineData("include \"b\"", "x = 1", """{"x":1}""")]
    [InlineData("x = 0, o { p = 0, q = 0 }\ninclude \"b\"", "x = 1, o { p = 1 }", """{"x":1,"o":{"p":1,"q":0}}""")]
    [InlineData("include \"b\"\nx = 0, o { p = 0 }", "x = 1, o { p = 1, q = 1 }", """{"x":0,"o":{"p":0,"q":1}}""")]
    [InlineData("include \"missing.conf\", y = 2", "", """{"y":2}""")]
    // Substitutions of the included file: its own root first, then that of the whole.
    [InlineData("a : { include \"b\" }", "x : 10, y : ${x}", """{"a":{"x":10,"y":10}}""")]
    [InlineData("a : { include \"b\" }\na : { x : 42 }", "x : 10, y : ${x}", """{"a":{"x":42,"y":42}}""")]
    [InlineData("x = 1, a : { include \"b\" }", "y : ${x}", """{"x":1,"a":{"y":1}}""")]
    [InlineData("list = [0], a { include \"b\" }", "list += 1", """{"list":[0],"a":{"list":[1]}}""")]
    [InlineData("a.list = [0], a { include \"b\" }", "list = ${list} [1]", """{"a":{"list":[0,1]}}""")]
    public void An_included_file_stands_in_the_place_of_the_statement(string including, string included, string json)
    {
        Write("b.conf", included);

        Assert.Equal(HoconJson.Spelled(json), HoconJson.Of(Read(including)));
    }

    [Fact]
    public void A_file_is_looked_for_beside_the_one_that_includes_it()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "sub"));
        Write("sub/b.conf", "include \"c\"");
        Write("sub/c.conf", "x = sub");
        Write("c.conf", "x = top");

        Assert.Equal("""{"x":"sub"}""", HoconJson.Of(Read("include \"sub/b.conf\"")));
    }

    [Fact]
    public void Without_an_extension_JSON_and_HOCON_merge_and_HOCON_wins()
    {
        Write("b.json", """{"x":1,"y":1}""");
        Write("b.conf", "y = 2");

        Assert.Equal("""{"x":1,"y":2}""", HoconJson.Of(Read("include \"b\"")));
    }

    [Theory]
    [InlineData("a = 1\ninclude required(\"missing\")", "", "main.conf", 2, "is not there")]
    [InlineData("include \"b\"", "[1]", "main.conf", 1, "holds a list")]
    [InlineData("include \"b\"", "x = 1\ny = }", "b.conf", 2, "key without a value")]
    [InlineData("include \"b\"", "include \"main\"", "b.conf", 1, "main.conf includes b.conf includes main.conf")]
    [InlineData("include \"http://a.example/b\"", "", "main.conf", 1, "no addresses")]
    [InlineData("include \"b.properties\"", "", "main.conf", 1, ".properties")]
    [InlineData("include \"\"", "", "main.conf", 1, "names no file")]
    [InlineData("include \"b\" \"c\"", "", "main.conf", 1, "a comma or a new line")]
    public void A_mistake_names_the_file_in_which_it_stands(string including, string included, string file, int line, string word)
    {
        Write("b.conf", included);

        var refused = Assert.Throws<HoconException>(() => Read(including));

        Assert.Equal((Path.Combine(_folder, file), line), (refused.Origin.File, refused.Origin.Line));
        Assert.Contains(word, refused.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_UTF_8_is_refused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "main.conf"), [(byte)'a', (byte)'=', 0xC3, 0x28]);

        var refused = Assert.Throws<HoconException>(() => HoconDocument.Read(Path.Combine(_folder, "main.conf"), new Dictionary<string, string?>()));

        Assert.Contains("UTF-8", refused.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_root_of_a_configuration_is_an_object() =>
        Assert.Contains("not a list", Assert.Throws<HoconException>(() => Read("[1]")).Problem, StringComparison.Ordinal);

    [Fact]
    public void An_override_is_set_last_and_substitutions_see_it()
    {
        var root = HoconDocument.Read(
            Write("main.conf", "a.b = 1, c = ${a.b}, d = 1"), new Dictionary<string, string?>(), new Dictionary<string, string> { ["a.b"] = "${c} x", ["e.\"f.g\""] = "2" });

        Assert.Equal("""{"a":{"b":"${c} x"},"c":"${c} x","d":1,"e":{"f.g":"2"}}""", HoconJson.Of(root));
    }

    private HoconObject Read(string text) => HoconDocument.Read(Write("main.conf", text), new Dictionary<string, string?>());

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
