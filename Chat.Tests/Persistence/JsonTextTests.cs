using Chat.Actors.Persistence;

namespace Chat.Tests.Persistence;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("""{"a":"\\u0000"}""")]
    [InlineData("""{"a":"\ud83d\udc4b\uD83D\uDC4B"}""")]
    [InlineData("""{"a":true,"b":false,"e9999":"1e9999"}""")]
    [InlineData("""{"a":[1E+22,-1.5e-99],"\"":"\"1e999"}""")]
    [InlineData("""{"한":"\ud55c\n\/\\"}""")]
    public void JSONB_takes_it(string json) => Assert.True(JsonText.FitsJsonb(json));

    [Theory]
    [InlineData("""{"a":"\u0000"}""")]
    [InlineData("""{"\\\u0000":1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\ud800\ud800\udc00"}""")]
    [InlineData("""{"a":"\ud800\\udc00"}""")]
    [InlineData("""{"a":"\uDFFF"}""")]
    [InlineData("""{"a":1e100}""")]
    [InlineData("""[1E-999999]""")]
    public void JSONB_would_refuse_it_or_write_it_out_at_length(string json) => Assert.False(JsonText.FitsJsonb(json));
}
