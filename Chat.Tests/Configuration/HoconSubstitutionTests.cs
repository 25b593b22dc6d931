using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

/// <summary>The examples of the specification from "Substitutions" to "Examples of Self-Referential Substitutions".</summary>
public sealed class HoconSubstitutionTests
{
    [Theory]
    [InlineData("animal.favorite = cat, key : ${animal.favorite} is my favorite animal", """{"animal":{"favorite":"cat"},"key":"cat is my favorite animal"}""")]
    [InlineData("animal.favorite = cat, key : ${animal.favorite}\" is my favorite animal\"", """{"animal":{"favorite":"cat"},"key":"cat is my favorite animal"}""")]
    [InlineData("a = \"${b}\", c = \"\"\"${?d}\"\"\"", """{"a":"${b}","c":"${?d}"}""")]
    [InlineData("a = ${b}, b = ${c}, c = 1", """{"a":1,"b":1,"c":1}""")]
    [InlineData("a = 1, b = ${a}, a = 2", """{"a":2,"b":2}""")]
    [InlineData("a = ${b.\"c.d\"}, b { c.d = 1, \"c.d\" = 2 }", """{"a":2,"b":{"c":{"d":1},"c.d":2}}""")]
    [InlineData("a = null, b = ${a}, c = ${ a }x", """{"a":null,"b":null,"c":"nullx"}""")]
    [InlineData("a = [1, {x = 2}], b = ${a}", """{"a":[1,{"x":2}],"b":[1,{"x":2}]}""")]
    // Undefined ones
    [InlineData("foo = 1, foo : ${?bar}", """{"foo":1}""")]
    [InlineData("foo : ${?bar}", "{}")]
    [InlineData("foo : ${?bar}${?baz}, two = ${?bar} ${?baz}", "{}")]
    [InlineData("foo = [ 1, ${?bar}, 2 ]", """{"foo":[1,2]}""")]
    [InlineData("a = x${?b}y, c = [1] ${?b}, d = { e = 1 } ${?b}", """{"a":"xy","c":[1],"d":{"e":1}}""")]
    // Concatenation with substitutions
    [InlineData("a = 1, b = 2, c = ${a} ${b}, d = ${a}${b}", """{"a":1,"b":2,"c":"1 2","d":"12"}""")]
    [InlineData("name = N, world = W\nlist = [ This is my name is ${name}, Hello ${world} ]", """{"name":"N","world":"W","list":["This is my name is N","Hello W"]}""")]
    [InlineData("a = [1], b = [2], c = ${a} ${b} [3]", """{"a":[1],"b":[2],"c":[1,2,3]}""")]
    [InlineData("generic = { size = 6 }\neast = ${generic} { name = \"east\" }", """{"generic":{"size":6},"east":{"size":6,"name":"east"}}""")]
    [InlineData("generic = { size = 6 }\neast = ${generic}\neast.size = 7", """{"generic":{"size":6},"east":{"size":7}}""")]
    [InlineData("base = { x = 1 }\nmade = ${base} { y = ${made.x} }", """{"base":{"x":1},"made":{"x":1,"y":1}}""")]
    // Self-referential
    [InlineData("path : \"a:b:c\"\npath : ${path}\":d\"", """{"path":"a:b:c:d"}""")]
    [InlineData("path = [ /bin ]\npath = ${path} [ /usr/bin ]", """{"path":["/bin","/usr/bin"]}""")]
    [InlineData("foo : { a : 1 }\nfoo : ${foo}", """{"foo":{"a":1}}""")]
    [InlineData("foo : ${?foo}", "{}")]
    [InlineData("foo : ${does-not-exist}\nfoo : 42", """{"foo":42}""")]
    [InlineData("foo : ${foo}, foo : 42", """{"foo":42}""")]
    [InlineData("foo : { a : { c : 1 } }\nfoo : ${foo.a}\nfoo : { a : 2 }", """{"foo":{"a":2,"c":1}}""")]
    [InlineData("bar : { foo : 42, baz : ${bar.foo} }", """{"bar":{"foo":42,"baz":42}}""")]
    [InlineData("bar : { foo : 42, baz : ${bar.foo} }\nbar : { foo : 43 }", """{"bar":{"foo":43,"baz":43}}""")]
    [InlineData("bar : { a : ${foo.d}, b : 1 }\nbar.b = 3\nfoo : { c : ${bar.b}, d : 2 }\nfoo.d = 4", """{"bar":{"a":4,"b":3},"foo":{"c":3,"d":4}}""")]
    [InlineData("a = ${?a}foo", """{"a":"foo"}""")]
    [InlineData("a : { b : ${?a} }", """{"a":{}}""")]
    [InlineData("a { list = [1] }\na { list += 2 }\na.list += 3", """{"a":{"list":[1,2,3]}}""")]
    [InlineData("a = 1, b = 2, a = ${b}, b = ${a}", """{"a":1,"b":1}""")]
    public void A_substitution_finds_what_the_specification_says(string hocon, string json) =>
        Assert.Equal(HoconJson.Spelled(json), HoconJson.Of(hocon));

    [Theory]
    [InlineData("a = 1\nb = ${c}", 2, "b", "set neither")]
    [InlineData("a { b = 1 }\nc = ${a.b.d}", 2, "c", "set neither")]
    [InlineData("foo : ${foo}", 1, "foo", "leads back to itself")]
    [InlineData("foo : ${foo}\nfoo : { a : 1 }", 1, "foo", "leads back to itself")]
    [InlineData("bar : ${foo}\nfoo : ${bar}", 2, "foo", "leads back to itself")]
    [InlineData("a : ${b}\nb : ${c}\nc : ${a}", 3, "c", "leads back to itself")]
    [InlineData("a : { b : ${a} }", 1, "a.b", "leads back to itself")]
    [InlineData("a : [${a}]", 1, "a", "leads back to itself")]
    [InlineData("a = 1\na += 2", 2, "a", "cannot be joined")]
    [InlineData("a = {}, b = x${a}", 1, "b", "cannot be joined")]
    [InlineData("a = [], b = ${a} {}", 1, "b", "cannot be joined")]
    public void A_substitution_that_leads_nowhere_is_refused_with_line_and_key(string hocon, int line, string key, string word)
    {
        var refused = Assert.Throws<HoconException>(() => HoconDocument.Parse(hocon, "test.conf"));

        Assert.Equal((line, key), (refused.Origin.Line, refused.Key));
        Assert.Contains(word, refused.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("port = 1, port = ${?PORT}", """{"port":"2"}""")]
    [InlineData("port = ${PORT}", """{"port":"2"}""")]
    [InlineData("port = 1, port = ${?OTHER}", """{"port":1}""")]
    [InlineData("a = ${?EMPTY}", """{"a":""}""")]
    [InlineData("PORT = 3, port = ${PORT}", """{"PORT":3,"port":3}""")]
    [InlineData("PORT = null, port = ${PORT}", """{"PORT":null,"port":null}""")]
    [InlineData("a = p${PORT}q", """{"a":"p2q"}""")]
    [InlineData("a = ${?LITERAL}", """{"a":"${x} \" # ["}""")]
    [InlineData("PORT += 1", """{"PORT":[1]}""")]
    public void The_environment_is_asked_for_what_the_configuration_does_not_hold(string hocon, string json) =>
        Assert.Equal(HoconJson.Spelled(json), HoconJson.Of(hocon, ("PORT", "2"), ("EMPTY", ""), ("LITERAL", "${x} \" # [")));

    [Fact]
    public void A_value_of_the_environment_names_its_variable()
    {
        var root = (HoconObject)HoconDocument.Parse("a = 1, a = ${?A}", "test.conf", new Dictionary<string, string?> { ["A"] = "2" });

        Assert.Equal("environment variable A", root.Fields["a"].Origin.ToString());
    }

    [Fact]
    public void A_text_that_doubles_itself_is_refused_before_it_fills_the_memory()
    {
        var texts = string.Concat(Enumerable.Range(1, 60).Select(i => $"a{i} = ${{a{i - 1}}}${{a{i - 1}}}\n"));
        var lists = string.Concat(Enumerable.Range(1, 60).Select(i => $"a{i} = [${{a{i - 1}}}, ${{a{i - 1}}}]\n"));

        Assert.Throws<HoconException>(() => HoconDocument.Parse("a0 = text\n" + texts));
        Assert.Throws<HoconException>(() => HoconDocument.Parse("a0 = [1]\n" + texts));
        Assert.Throws<HoconException>(() => HoconDocument.Parse("a0 = [1]\n" + lists));
    }

    [Theory]
    [InlineData(0, 100_000, 1)]
    [InlineData(100_000, 0, -1)]
    public void A_chain_of_a_hundred_thousand_substitutions_does_not_end_the_process(int from, int to, int step)
    {
        var text = new System.Text.StringBuilder();
        for (var i = from; i != to; i += step) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i} {{ x = ${{?a{i + 1}}} }}\n");

        Assert.Throws<HoconException>(() => HoconDocument.Parse(text.ToString()));
    }
}
