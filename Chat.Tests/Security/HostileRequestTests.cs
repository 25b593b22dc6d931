using System.Net;
using System.Text;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>Requests that were made to find a fault of the server's: each is refused, or answered, in words.</summary>
public sealed class HostileRequestTests(RestServer rest) : IClassFixture<RestServer>
{
    [Theory]
    [InlineData("""{"mem\ud800":1}""")]
    [InlineData("""{"members":["\ud800"]}""")]
    [InlineData("""{"members":[{"user_i\ud800":1}]}""")]
    public async Task Half_a_pair_in_the_name_of_a_field_is_a_bad_field(string body) =>
        (await rest.SendAsync("mina", "POST", "/api/chat/sessions", body)).AssertProblem(422, "BAD_FIELD");

    [Theory]
    [InlineData("9999-12-31T23:59:59.9999Z", 1)]
    [InlineData("9999-12-31T23:59:59.999Z", 1)]
    [InlineData("9999-12-31T23:59:59.9989Z", 1)]
    [InlineData("0001-01-01", 0)]
    public async Task History_is_read_before_the_first_and_the_last_moment_there_is(string before, int expected)
    {
        var session = await rest.CreateAsync("mina");
        await rest.PostAsync("mina", session, "hello");

        var answer = await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages?before={before}");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(expected, answer["messages"].GetArrayLength());
    }
}
