using System.Net;
using System.Text.Json;
using Chat.Host.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Endpoints;

public sealed class SearchEndpointsTests(RestServer rest) : IClassFixture<RestServer>
{
    [Fact]
    public async Task A_message_is_found_as_soon_as_it_is_sent()
    {
        var session = await rest.CreateAsync("mina", new { title = "문의", members = new[] { "juno" } });
        for (var n = 0; n < 10; n++)
        {
            var sent = await rest.PostAsync("juno", session, $"<b>제품</b> 교환 {n}번째 문의");
            var found = await SearchAsync("mina", $"환 {n}번");

            Assert.Equal(
                $$$"""
                {"hits":[{"session_id":"{{{session}}}","session_title":"문의","message_id":"{{{sent["message_id"]}}}","seq":{{{sent["seq"]}}},"sender_id":"juno","sender_name":"juno",
                "message_type":"text","snippet":"\u003Cb\u003E제품\u003C/b\u003E 교환 {{{n}}}번째 문의",
                "parts":[{"text":"\u003Cb\u003E제품\u003C/b\u003E 교","hit":false},{"text":"환 {{{n}}}번","hit":true},{"text":"째 문의","hit":false}],"created_at":"{{{sent["created_at"]}}}"}],
                "has_more":false,"next":null}
                """.ReplaceLineEndings(""),
                found.Text);
        }
    }

    [Theory]
    [InlineData("한국", "대한국민")]
    [InlineData("👍🏽", "yes 👍🏽!")]
    [InlineData("C++", "C++ and C#")]
    [InlineData("a b", "a  b")]
    [InlineData("100%_", "100%_done")]
    [InlineData("\" OR *", "this \" OR * that")]
    [InlineData("near(x", "NEAR(x y)")]
    [InlineData("'; --", "'; -- drop")]
    [InlineData("\\u0041", "\\u0041")]
    [InlineData("&<>", "&<>")]
    public async Task Signs_are_searched_for_as_they_are(string query, string content)
    {
        var user = $"user-{Guid.NewGuid():N}";
        var session = await rest.CreateAsync(user);
        await rest.PostAsync(user, session, "nothing of the kind, a decoy: a%b_c NEAR OR AND NOT x y 한 국");
        var sent = await rest.PostAsync(user, session, content);

        Assert.Equal([sent["message_id"].GetString()!], Ids(await SearchAsync(user, query)));
    }

    [Fact]
    public async Task Everyone_finds_only_what_they_may_read()
    {
        var session = await rest.CreateAsync("owner-1", new { members = new[] { "member-1" } });
        var sent = (await rest.PostAsync("owner-1", session, "a very secret plan"))["message_id"].GetString()!;
        foreach (var (user, expected) in new[] { ("owner-1", 1), ("member-1", 1), ("stranger-1", 0), (RestServer.Admin, 1) })
        {
            Assert.Equal(expected, Ids(await SearchAsync(user, "very secret")).Count);
            Assert.Equal(expected == 0 ? HttpStatusCode.NotFound : HttpStatusCode.OK, (await SearchAsync(user, "very secret", $"&session_id={session}")).Status);
        }
        (await SearchAsync("stranger-1", "very secret", $"&session_id={session}")).AssertProblem(404, "NOT_FOUND");
        (await SearchAsync("stranger-1", "very secret", $"&before={sent}")).AssertProblem(422, "BAD_FIELD");
        (await SearchAsync(null, "very secret")).AssertProblem(401, "UNAUTHORIZED");

        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("owner-1", "DELETE", $"/api/chat/sessions/{session}/members/member-1")).Status);
        Assert.Empty(Ids(await SearchAsync("member-1", "very secret")));
        (await SearchAsync("member-1", "very secret", $"&session_id={session}")).AssertProblem(404, "NOT_FOUND");

        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("owner-1", "DELETE", $"/api/chat/sessions/{session}")).Status);
        Assert.Equal([sent], Ids(await SearchAsync("owner-1", "very secret")));
    }

    [Fact]
    public async Task Edits_and_deletions_are_followed()
    {
        var session = await rest.CreateAsync("editor");
        var sent = (await rest.PostAsync("editor", session, "erste Fassung"))["message_id"].GetString()!;
        await rest.SendAsync("editor", "PATCH", $"/api/chat/sessions/{session}/messages/{sent}", new { content = "zweite Fassung" });
        Assert.Empty(Ids(await SearchAsync("editor", "erste")));
        Assert.Equal([sent], Ids(await SearchAsync("editor", "ZWEITE")));

        await rest.SendAsync("editor", "DELETE", $"/api/chat/sessions/{session}/messages/{sent}");
        Assert.Empty(Ids(await SearchAsync("editor", "zweite")));
    }

    [Fact]
    public async Task Pages_go_on_by_next_and_by_message_id()
    {
        var sessions = new[] { await rest.CreateAsync("pager"), await rest.CreateAsync("pager") };
        var expected = new List<string>();
        for (var n = 0; n < 7; n++)
        {
            expected.Insert(0, (await rest.PostAsync("pager", sessions[n % 2], $"page {n}"))["message_id"].GetString()!);
        }

        foreach (Func<Answer, string> cursor in new Func<Answer, string>[] { page => page["next"].GetString()!, page => Ids(page)[^1] })
        {
            var found = new List<string>();
            var page = await SearchAsync("pager", "page", "&limit=3");
            found.AddRange(Ids(page));
            while (page["has_more"].GetBoolean())
            {
                Assert.Equal(3, Ids(page).Count);
                await rest.PostAsync("pager", sessions[0], "one more page");
                page = await SearchAsync("pager", "page", $"&limit=3&before={cursor(page)}");
                found.AddRange(Ids(page));
            }
            Assert.Equal(expected, found.Where(expected.Contains));
            Assert.Equal(found.Distinct(), found);
            expected = Ids(await SearchAsync("pager", "page", "&limit=1000"));
        }
        Assert.All((await SearchAsync("pager", "page", $"&session_id={sessions[1]}"))["hits"].EnumerateArray(), hit => Assert.Equal(sessions[1], hit.GetProperty("session_id").GetString()));
    }

    [Theory]
    [InlineData("", "BAD_FIELD")]
    [InlineData("q=", "BAD_FIELD")]
    [InlineData("q=a", "BAD_FIELD")]
    [InlineData("q=%20%20%20", "BAD_FIELD")]
    [InlineData("q=%F0%9F%91%8D", "BAD_FIELD")]
    [InlineData("q=e%CC%81", "BAD_FIELD")]
    [InlineData("q=a%00b", "BAD_FIELD")]
    [InlineData("q=ab&limit=0", "BAD_FIELD")]
    [InlineData("q=ab&limit=x", "BAD_FIELD")]
    [InlineData("q=ab&before=", "BAD_FIELD")]
    [InlineData("q=ab&before=msg_unknown", "BAD_FIELD")]
    [InlineData("q=ab&before=99999999999999999999", "BAD_FIELD")]
    public async Task What_is_no_search_is_refused(string query, string code) =>
        (await rest.SendAsync("mina", "GET", $"/api/chat/search?{query}")).AssertProblem(422, code);

    [Fact]
    public async Task A_query_has_100_characters_at_most()
    {
        var session = await rest.CreateAsync("long");
        var content = string.Concat(Enumerable.Range(0, 200).Select(i => i % 3 == 0 ? "👍" : $"{(char)('가' + (i * 7))}"));
        var sent = await rest.PostAsync("long", session, content);
        string First(int characters) => string.Concat(content.EnumerateRunes().Skip(50).Take(characters));

        Assert.Equal([sent["message_id"].GetString()!], Ids(await SearchAsync("long", First(100))));
        (await SearchAsync("long", First(101))).AssertProblem(422, "TOO_LONG");
        Assert.Empty(Ids(await SearchAsync("long", First(99) + "!")));
    }

    [Fact]
    public async Task A_user_has_a_few_searches_at_once_and_a_node_some_more()
    {
        using var turns = new SearchTurns(perUser: 2, inAll: 3, TimeSpan.FromMilliseconds(50));
        var first = await turns.TakeAsync("mina", default);
        var second = await turns.TakeAsync("mina", default);
        Assert.Null(await turns.TakeAsync("mina", default));
        var third = await turns.TakeAsync("juno", default);
        Assert.Null(await turns.TakeAsync("juno", default));
        var waiting = turns.TakeAsync("nobody", new CancellationToken(canceled: true)).AsTask();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        first!.Dispose();
        first.Dispose();
        var again = await turns.TakeAsync("mina", default);
        Assert.NotNull(again);
        again.Dispose();
        second!.Dispose();
        third!.Dispose();
        Assert.NotNull(await turns.TakeAsync("juno", default));
    }

    [Fact]
    public async Task Many_searches_at_once_are_answered_or_refused_with_a_time()
    {
        await rest.PostAsync("crowd", await rest.CreateAsync("crowd"), "needle");
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => SearchAsync("crowd", "needle")));

        Assert.Contains(answers, answer => answer.Status == HttpStatusCode.OK);
        foreach (var answer in answers.Where(answer => answer.Status != HttpStatusCode.OK))
        {
            answer.AssertProblem(429, "RATE_LIMIT");
            Assert.NotNull(answer.Headers.RetryAfter);
        }
        Assert.Single(Ids(await SearchAsync("crowd", "needle")));
    }

    private Task<Answer> SearchAsync(string? user, string query, string more = "") =>
        rest.SendAsync(user, "GET", $"/api/chat/search?q={Uri.EscapeDataString(query)}{more}");

    private static List<string> Ids(Answer answer) =>
        answer["hits"].ValueKind == JsonValueKind.Array ? [.. answer["hits"].EnumerateArray().Select(hit => hit.GetProperty("message_id").GetString()!)] : [];
}

/// <summary>A search on one node after a send through another.</summary>
[RequiresRedisAndPostgres]
public sealed class ClusterSearchTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    [ContractFact]
    public async Task What_was_sent_through_one_node_is_found_on_the_other_at_once()
    {
        var (a, b) = (new RestServer(nodes.A), new RestServer(nodes.B));
        var session = await a.CreateAsync("mina");
        for (var n = 0; n < 10; n++)
        {
            var sent = await a.PostAsync("mina", session, $"찾아 주세요 {n}");
            var found = await b.SendAsync("mina", "GET", $"/api/chat/search?q={Uri.EscapeDataString($"세요 {n}")}");
            Assert.Equal(sent["message_id"].GetString(), Assert.Single(found["hits"].EnumerateArray()).GetProperty("message_id").GetString());
        }
    }
}
