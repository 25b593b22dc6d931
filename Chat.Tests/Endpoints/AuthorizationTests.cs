using System.Net;

namespace Chat.Tests.Endpoints;

/// <summary>Who may do what, for every endpoint.</summary>
public sealed class AuthorizationTests(RestServer rest) : IClassFixture<RestServer>
{
    private const string Session = "/api/chat/sessions/{s}";

    /// <summary>Method, path, body; then the answer's status for the owner, a member, a stranger and an admin who is no member.</summary>
    public static readonly TheoryData<string, string, string?, int, int, int, int> Endpoints = new()
    {
        { "POST", "/api/chat/sessions", "{}", 201, 201, 201, 201 },
        { "GET", "/api/chat/sessions", null, 200, 200, 200, 200 },
        { "GET", "/api/agents", null, 200, 200, 200, 200 },
        { "GET", Session, null, 200, 200, 404, 200 },
        { "PATCH", Session, """{"title":"t"}""", 200, 403, 404, 200 },
        { "DELETE", Session, null, 200, 403, 404, 200 },
        { "GET", Session + "/messages", null, 200, 200, 404, 200 },
        { "POST", Session + "/messages", """{"content":"c"}""", 201, 201, 404, 403 },
        { "PATCH", Session + "/messages/{m}", """{"content":"c"}""", 200, 403, 404, 403 },
        { "DELETE", Session + "/messages/{m}", null, 200, 403, 404, 403 },
        { "POST", Session + "/messages/{m}/reactions", """{"emoji":"e"}""", 200, 200, 404, 403 },
        { "DELETE", Session + "/messages/{m}/reactions/e", null, 200, 200, 404, 403 },
        { "POST", Session + "/messages/stream", """{"content":"c"}""", 200, 200, 404, 403 },
        { "GET", Session + "/streams/{r}", null, 200, 200, 404, 200 },
        { "POST", Session + "/streams/{r}/stop", null, 200, 200, 404, 403 },
        { "POST", Session + "/read", """{"seq":1}""", 200, 200, 404, 200 },
        { "GET", Session + "/members", null, 200, 200, 404, 200 },
        { "POST", Session + "/members", """{"user_id":"new"}""", 201, 403, 404, 201 },
        { "DELETE", Session + "/members/other", null, 200, 403, 404, 200 },
        { "DELETE", Session + "/members/member", null, 200, 200, 404, 200 },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Each_caller_gets_what_it_may_have(string method, string path, string? body, int owner, int member, int stranger, int admin)
    {
        foreach (var (caller, expected) in new[] { ("owner", owner), ("member", member), ("stranger", stranger), (RestServer.Admin, admin) })
        {
            var answer = await rest.SendAsync(caller, method, await FillAsync(path), body);
            Assert.True((int)answer.Status == expected, $"{caller}: {(int)answer.Status} {answer.Text}");
            if (expected >= 400)
            {
                answer.AssertProblem(expected, expected == 404 ? "NOT_FOUND" : "FORBIDDEN");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Without_a_good_token_nothing_is_told(string method, string path, string? body, int owner, int member, int stranger, int admin)
    {
        _ = (owner, member, stranger, admin);
        var address = await FillAsync(path);
        var none = await rest.SendAsync(null, method, address, body);
        none.AssertProblem(401, "UNAUTHORIZED");
        Assert.Equal("Bearer", none.Headers.WwwAuthenticate.Single().Scheme);
        (await rest.SendAsync(null, method, address, body, ("Authorization", "Bearer rubbish"))).AssertProblem(401, "UNAUTHORIZED");
        (await rest.SendAsync(null, method, address + $"?token={rest.Server.Token("owner")}", body)).AssertProblem(401, "UNAUTHORIZED");
        // A body is not read for one who is not known.
        (await rest.SendAsync(null, method, address, "{")).AssertProblem(401, "UNAUTHORIZED");
    }

    [Theory]
    [InlineData("sess_0000000000000000000000")]
    [InlineData("code:ABCDEF")]
    [InlineData("channel:taken")]
    [InlineData("room:r")]
    [InlineData("%00")]
    public async Task What_is_no_session_is_not_found_by_anyone(string session)
    {
        foreach (var (method, path, body) in Endpoints.Select(row => ((string)row[0]!, (string)row[1]!, (string?)row[2])).Where(row => row.Item2.Contains("{s}", StringComparison.Ordinal)))
        {
            var address = path.Replace("{s}", session, StringComparison.Ordinal).Replace("{m}", "msg_x", StringComparison.Ordinal).Replace("{r}", "msg_x", StringComparison.Ordinal);
            (await rest.SendAsync(RestServer.Admin, method, address, body)).AssertRefused(404, 400);
        }
    }

    [Fact]
    public async Task Operation_needs_no_token()
    {
        foreach (var path in new[] { "/health/live", "/health/ready", "/metrics", "/openapi/v1.json" })
        {
            Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync(null, "GET", path)).Status);
        }
    }

    /// <summary>A session of its own for each call, with a message of the owner's and an answer that has ended.</summary>
    private async Task<string> FillAsync(string path)
    {
        if (!path.Contains("{s}", StringComparison.Ordinal))
        {
            return path;
        }
        var session = await rest.CreateAsync("owner", new { members = new[] { "member", "other" } });
        path = path.Replace("{s}", session, StringComparison.Ordinal);
        if (path.Contains("{m}", StringComparison.Ordinal))
        {
            path = path.Replace("{m}", (await rest.PostAsync("owner", session, "hello"))["message_id"].GetString(), StringComparison.Ordinal);
        }
        if (path.Contains("{r}", StringComparison.Ordinal))
        {
            using var stream = await EventReader.OpenAsync(rest.Server.Http, rest.Request("owner", "POST", $"/api/chat/sessions/{session}/messages/stream", new { content = "hello" }));
            path = path.Replace("{r}", (await stream.RestAsync())[0].MessageId, StringComparison.Ordinal);
        }
        return path;
    }
}
