using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

/// <summary>The examples of the specification (HOCON.md), section by section, up to its substitutions.</summary>
public sealed class HoconSyntaxTests
{
    [Theory]
    // JSON
    [InlineData("""{"a":1,"b":[true,false,null,"x"],"c":{"d":-1.5e+10}}""", """{"a":1,"b":[true,false,null,"x"],"c":{"d":-1.5e+10}}""")]
    [InlineData("""{ "a" : "\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00" }""", """{"a":"\"\\/\b\f\n\r\té😀"}""")]
    [InlineData("{\"a\"\n:\n1\n}\n", """{"a":1}""")]
    // Comments
    [InlineData("# one\na = 1 // two\n//three\nb = 2#four\nc = \"# no // comment\"", """{"a":1,"b":2,"c":"# no // comment"}""")]
    [InlineData("a = [ # one\n 1 // two\n # three\n 2 ]", """{"a":[1,2]}""")]
    // Omit root braces
    [InlineData("", "{}")]
    [InlineData(" \n # nothing\n", "{}")]
    [InlineData("\uFEFFa = 1", """{"a":1}""")]
    [InlineData("[1, 2]", "[1,2]")]
    [InlineData("\n{ a : 1 }\n", """{"a":1}""")]
    // Key-value separator
    [InlineData("a = 1, b : 2, c { d = 3 }, \"e\" {}", """{"a":1,"b":2,"c":{"d":3},"e":{}}""")]
    [InlineData("a =\n 1", """{"a":1}""")]
    // Commas
    [InlineData("[1,2,3,]", "[1,2,3]")]
    [InlineData("[1\n2\n3]", "[1,2,3]")]
    [InlineData("[1\n,\n2\n\n,3\n]", "[1,2,3]")]
    [InlineData("a : 1\r\nb : 2,\r\nc : 3,", """{"a":1,"b":2,"c":3}""")]
    // Whitespace
    [InlineData("\u00a0a\u2007=\u202f1\u2028,\tb\v=\f2\u001c", """{"a":1,"b":2}""")]
    // Duplicate keys
    [InlineData("""{ "foo" : { "a" : 42 }, "foo" : { "b" : 43 } }""", """{"foo":{"a":42,"b":43}}""")]
    [InlineData("""{ "foo" : { "a" : 42 }, "foo" : null, "foo" : { "b" : 43 } }""", """{"foo":{"b":43}}""")]
    [InlineData("a { b { c = 1, d = 2 } }, a { b { c = 3 }, e = 4 }", """{"a":{"b":{"c":3,"d":2},"e":4}}""")]
    [InlineData("a = {x = 1}\na = 42\na = {y = 2}", """{"a":{"y":2}}""")]
    [InlineData("a = [1]\na = [2]", """{"a":[2]}""")]
    // Unquoted strings
    [InlineData("a = truefoo, b = footrue, c = 10.0bar, d = bar10.0, e = 3 4", """{"a":"truefoo","b":"footrue","c":"10.0bar","d":"bar10.0","e":"3 4"}""")]
    [InlineData("a = /usr/bin, b = a-b_c.d, c = 1.2.3, d = -x, e = 01", """{"a":"/usr/bin","b":"a-b_c.d","c":"1.2.3","d":"-x","e":"01"}""")]
    [InlineData("a = 1e5, b = 1E+5, c = -0, d = 1., e = .5", """{"a":1e5,"b":1E+5,"c":-0,"d":"1.","e":".5"}""")]
    [InlineData("a = include, b = [ include ], foo include = 42, \"include\" = 1", """{"a":"include","b":["include"],"foo include":42,"include":1}""")]
    // Multi-line strings
    [InlineData("a = \"\"\"one \"two\"\n\\n\"\"\", b = 1", """{"a":"one \"two\"\n\\n","b":1}""")]
    [InlineData("a = \"\"\"foo\"\"\"\"", """{"a":"foo\""}""")]
    [InlineData("a = \"\"\"\"\"\"", """{"a":""}""")]
    // Value concatenation
    [InlineData("a =  foo bar  baz \nb = \"x\" \"y\"\"z\"", """{"a":"foo bar  baz","b":"x yz"}""")]
    [InlineData("a = 1 true null 1e5 \"\" end", """{"a":"1 true null 1e5  end"}""")]
    [InlineData("[ 1 2 3 4 ]", """["1 2 3 4"]""")]
    [InlineData("[ 1\n  2\n  3\n  4 ]", "[1,2,3,4]")]
    [InlineData("[ [ 1, 2 ] [ 3, 4 ] ]", "[[1,2,3,4]]")]
    [InlineData("[ [ 1, 2 ]\n  [ 3, 4 ] ]", "[[1,2],[3,4]]")]
    [InlineData("a : { b : 1 } { c : 2 }", """{"a":{"b":1,"c":2}}""")]
    [InlineData("a { b : 1 } { b : 2 }", """{"a":{"b":2}}""")]
    [InlineData("a : [ 1, 2 ] [ 3, 4 ]", """{"a":[1,2,3,4]}""")]
    // Path expressions and paths as keys
    [InlineData("foo.bar.baz : 42", """{"foo":{"bar":{"baz":42}}}""")]
    [InlineData("a.x : 42, a.y : 43", """{"a":{"x":42,"y":43}}""")]
    [InlineData("a b c : 42", """{"a b c":42}""")]
    [InlineData("10.0foo = 1, foo10.0 = 2, foo\"10.0\" = 3, 1.2.3 = 4", """{"10":{"0foo":1},"foo10":{"0":2},"foo10.0":3,"1":{"2":{"3":4}}}""")]
    [InlineData("true : 42, 3 : 43, 3.14 : 44", """{"true":42,"3":{"14":44}}""")]
    [InlineData("a.\"\".b = 1, \"x.y\".z = 2", """{"a":{"":{"b":1}},"x.y":{"z":2}}""")]
    // Append
    [InlineData("a += 1\na += [2]\na += { b = 3 }", """{"a":[1,[2],{"b":3}]}""")]
    public void A_text_means_what_the_specification_says(string hocon, string json) =>
        Assert.Equal(HoconJson.Spelled(json), HoconJson.Of(hocon));

    [Theory]
    [InlineData("[1,2,3,,]", 1, null, "comma")]
    [InlineData("[,1,2,3]", 1, null, "comma")]
    [InlineData("[1,,2,3]", 1, null, "comma")]
    [InlineData("{a = 1,, b = 2}", 1, null, "comma")]
    [InlineData("a = 1\n}", 2, null, "'}' closes nothing")]
    [InlineData("{ a = 1", 1, null, "'{' has no '}'")]
    [InlineData("x = 1\na = [ 1, 2\n", 2, "a", "'[' has no ']'")]
    [InlineData("a = [ 1 }", 1, "a", "'}' closes nothing")]
    [InlineData("{ a = 1 }\nb = 2", 2, null, "follows")]
    [InlineData("[1] [2]", 1, null, "follows")]
    [InlineData("a {\n b c\n}", 2, "a", "key without a value")]
    [InlineData("a {\n b =\n}", 2, "a.b", "key without a value")]
    [InlineData("42", 1, null, "key without a value")]
    [InlineData("a = b : c", 1, "a", "':' stands where a comma")]
    [InlineData("a = http://b", 1, "a", "':' stands where a comma")]
    [InlineData("a = {} \"x\"", 1, "a", "cannot be joined")]
    [InlineData("a = [] {}", 1, "a", "cannot be joined")]
    [InlineData("a..b = 1", 1, null, "empty key")]
    [InlineData(".a = 1", 1, null, "empty key")]
    [InlineData("a. = 1", 1, null, "empty key")]
    [InlineData("= 1", 1, null, "where a key should be")]
    [InlineData("{ [1] : 2 }", 1, null, "where a key should be")]
    [InlineData("${a} = 1", 1, null, "where a key should be")]
    [InlineData("a = \"x\ny\"", 1, "a", "does not end")]
    [InlineData("a = \"\"\"x", 1, "a", "does not end")]
    [InlineData("a = \"\t\"", 1, "a", "U+0009")]
    [InlineData("a = \"\\x\"", 1, "a", "backslash")]
    [InlineData("a = \"\\u12G4\"", 1, "a", "backslash")]
    [InlineData("a = \"\\uD800\"", 1, "a", "surrogate")]
    [InlineData("a = ${b", 1, "a", "substitution")]
    [InlineData("a = ${b${c}}", 1, "a", "substitution")]
    [InlineData("a = ${B[]}", 1, "a", "substitution")]
    [InlineData("a = ${}", 1, "a", "empty key")]
    [InlineData("a = ${ ?b}", 1, "a", "'?'")]
    [InlineData("a = x$y", 1, "a", "'$'")]
    [InlineData("a = me@home", 1, "a", "'@'")]
    [InlineData("a = 1 + 2", 1, "a", "'+'")]
    [InlineData("a = [ { b += 1 } ]", 1, "a.b", "'+=' inside a list")]
    [InlineData("include = 1", 1, null, "include")]
    [InlineData("include.x = 1", 1, null, "include")]
    [InlineData("include x", 1, null, "include")]
    [InlineData("a { include url(\"http://b\") }", 1, "a", "url()")]
    [InlineData("include classpath(\"b\")", 1, null, "classpath()")]
    [InlineData("include required(package(\"b\"))", 1, null, "package()")]
    [InlineData("include file(\"b\"", 1, null, "forms")]
    [InlineData("include files(\"b\")", 1, null, "forms")]
    [InlineData("include \"b\"", 1, null, "no file to look beside")]
    [InlineData("a = [ { include \"b\" } ]", 1, "a", "inside a list")]
    public void What_is_no_HOCON_or_is_not_read_is_refused_with_line_and_key(string hocon, int line, string? key, string word)
    {
        var refused = Assert.Throws<HoconException>(() => HoconDocument.Parse(hocon, "test.conf"));

        Assert.Equal((line, key), (refused.Origin.Line, refused.Key));
        Assert.Contains(word, refused.Problem, StringComparison.Ordinal);
        Assert.StartsWith(key is null ? $"test.conf:{line}: " : $"test.conf:{line}: {key}: ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("[", "")]
    [InlineData("{\"a\":", "")]
    [InlineData("{a:[", "")]
    [InlineData("a.", "a = 1")]
    [InlineData("x = ${", "")]
    [InlineData("${?a", "")]
    public void A_hundred_thousand_levels_are_refused_and_do_not_end_the_process(string level, string end)
    {
        var text = string.Concat(Enumerable.Repeat(level, 100_000)) + end;

        Assert.Throws<HoconException>(() => HoconDocument.Parse(text));
    }

    [Fact]
    public void As_many_levels_as_JSON_readers_take_are_read()
    {
        var text = string.Concat(Enumerable.Repeat("{\"a\":", 63)) + "[1]" + new string('}', 63);

        Assert.Equal(text, HoconJson.Of(text));
    }

    [Fact]
    public void A_value_knows_its_line()
    {
        var root = (HoconObject)HoconDocument.Parse("a = \"\"\"1\n2\"\"\"\nb = [\n  x\n]\n", "test.conf");

        Assert.Equal("test.conf:1", root.Fields["a"].Origin.ToString());
        Assert.Equal("test.conf:3", root.Fields["b"].Origin.ToString());
        Assert.Equal("test.conf:4", ((HoconList)root.Fields["b"]).Items[0].Origin.ToString());
    }

    [Theory]
    [InlineData("secret-key hunter2")]
    [InlineData("secret-key = hunter2:x")]
    [InlineData("secret-key = hunter2 {}")]
    [InlineData("secret-key = \"hunter2")]
    [InlineData("secret-key = ${a hunter2")]
    [InlineData("secret-key = hunter2$")]
    public void A_message_never_repeats_a_value(string hocon)
    {
        var refused = Assert.Throws<HoconException>(() => HoconDocument.Parse(hocon));

        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
    }
}
