using System.Net;
using System.Text.Json;

namespace Chat.Tests.Endpoints;

public sealed class MessageEndpointsTests(RestServer rest) : IClassFixture<RestServer>
{
    [Fact]
    public async Task A_sent_message_is_answered_with_the_seeds_fields_and_stands_in_history()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var message = new { content = "제품 교환 문의입니다.", message_type = "text", metadata = new { client_id = "web" }, timestamp = 5 };
        var sent = await rest.SendAsync("mina", "POST", Of(session), message);

        Assert.Equal(HttpStatusCode.Created, sent.Status);
        sent.AssertFields("message_id", "status", "created_at", "seq", "run_id");
        Assert.Equal("sent", sent["status"].GetString());
        Assert.Equal(JsonValueKind.Null, sent["run_id"].ValueKind);

        var history = await rest.SendAsync("juno", "GET", Of(session));
        history.AssertFields("messages", "has_more", "total");
        Assert.Equal((1, false), (history["total"].GetInt32(), history["has_more"].GetBoolean()));
        Assert.Equal(
            $$$"""
            {"message_id":"{{{sent["message_id"]}}}","sender_type":"user","sender_id":"mina","sender_name":"mina","message_type":"text","content":"제품 교환 문의입니다.",
            "metadata":{"client_id":"web"},"tokens_used":null,"latency_ms":null,"status":null,"file":null,"reply_to":null,"is_edited":false,"edited_at":null,"is_deleted":false,
            "created_at":"{{{sent["created_at"]}}}","seq":2,"reactions":[]}
            """.ReplaceLineEndings(""),
            history["messages"][0].GetRawText());
    }

    [Fact]
    public async Task What_was_sent_comes_back_as_it_was()
    {
        var session = await rest.CreateAsync("mina");
        const string Content = "  <b>\"&amp;'\u2028 \U0001F468\u200D\U0001F469\u200D\U0001F467 \\ 한글\t\r\n ";
        await rest.PostAsync("mina", session, Content);
        Assert.Equal(Content, (await rest.SendAsync("mina", "GET", Of(session)))["messages"][0].GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_repeat_is_stored_once_and_gets_the_first_answer()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var first = await rest.SendAsync("mina", "POST", Of(session), new { content = "one" }, ("Idempotency-Key", "key-1"));
        var repeat = await rest.SendAsync("mina", "POST", Of(session), new { content = "other" }, ("Idempotency-Key", "key-1"));
        var byField = await rest.SendAsync("mina", "POST", Of(session), new { content = "one", client_message_id = "key-1" });
        var byAnother = await rest.SendAsync("juno", "POST", Of(session), new { content = "one" }, ("Idempotency-Key", "key-1"));

        Assert.Equal(HttpStatusCode.Created, repeat.Status);
        Assert.Equal(first.Text, repeat.Text);
        Assert.Equal(first.Text, byField.Text);
        Assert.NotEqual(first["message_id"].GetString(), byAnother["message_id"].GetString());
        Assert.Equal(2, (await rest.SendAsync("mina", "GET", Of(session)))["total"].GetInt32());
    }

    [Fact]
    public async Task A_sessions_agent_answers_what_is_posted()
    {
        var session = await rest.CreateAsync("mina", new { agent_id = 1 });
        var sent = await rest.PostAsync("mina", session, "hello");
        var run = sent["run_id"].GetString();
        using var stream = await EventReader.OpenAsync(rest.Server.Http, rest.Request("mina", "GET", $"/api/chat/sessions/{session}/streams/{run}"));
        Assert.Equal("stream_end", (await stream.RestAsync())[^1].Type);
        var answer = (await rest.SendAsync("mina", "GET", Of(session)))["messages"][1];
        string Text(string field) => answer.GetProperty(field).GetString()!;
        Assert.Equal(("agent", "1", "complete"), (Text("sender_type"), Text("sender_id"), Text("status")));
        Assert.Equal(answer.GetProperty("tokens_used").GetInt32(), answer.GetProperty("metadata").GetProperty("tokens_used").GetInt32());
        Assert.Equal(answer.GetProperty("latency_ms").GetInt32(), answer.GetProperty("metadata").GetProperty("latency_ms").GetInt32());
    }

    [Fact]
    public async Task History_is_read_in_pages_by_seq_message_and_time()
    {
        var session = await rest.CreateAsync("mina");
        var sent = new List<Answer>();
        for (var i = 0; i < 5; i++)
        {
            sent.Add(await rest.PostAsync("mina", session, $"m{i}"));
        }
        async Task<string> Page(string query)
        {
            var page = await rest.SendAsync("mina", "GET", $"{Of(session)}?{query}");
            Assert.Equal(HttpStatusCode.OK, page.Status);
            Assert.Equal(5, page["total"].GetInt32());
            return string.Join(' ', page["messages"].EnumerateArray().Select(m => m.GetProperty("content").GetString())) + (page["has_more"].GetBoolean() ? " …" : "");
        }
        var third = sent[2]["message_id"].GetString();

        Assert.Equal("m3 m4 …", await Page("limit=2"));
        Assert.Equal("m0 m1", await Page($"before={third}"));
        Assert.Equal("m1 …", await Page($"limit=1&before={third}"));
        Assert.Equal("m3 m4", await Page($"after={third}"));
        Assert.Equal("m3 …", await Page($"limit=1&after={third}"));
        Assert.Equal("m0 m1", await Page($"before={sent[2]["seq"]}"));
        Assert.Equal("m1 m2", await Page($"after={sent[0]["seq"]}&before={sent[3]["seq"]}"));
        Assert.Equal("", await Page($"before={Uri.EscapeDataString(sent[0]["created_at"].GetString()!)}"));
        Assert.Equal("", await Page($"after={Uri.EscapeDataString(sent[4]["created_at"].GetString()!)}"));
        Assert.Equal("m0 m1 m2 m3 m4", await Page("after=2020-01-01T00:00:00Z&limit=100000"));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=many")]
    [InlineData("before=")]
    [InlineData("after=")]
    [InlineData("before=99999999999999999999")]
    [InlineData("before=msg_unknown")]
    public async Task A_bad_page_is_refused(string query)
    {
        var session = await rest.CreateAsync("mina");
        (await rest.SendAsync("mina", "GET", $"{Of(session)}?{query}")).AssertProblem(422, "BAD_FIELD");
    }

    [Theory]
    [InlineData("""{}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":null}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":7}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":""}""", 422, "EMPTY_MESSAGE")]
    [InlineData("""{"content":" \n\t"}""", 422, "EMPTY_MESSAGE")]
    [InlineData("""{"content":"a\u0000"}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":"\ud83d"}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":"a","message_type":"image"}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":"a","message_type":1}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":"a","metadata":"x"}""", 422, "BAD_FIELD")]
    [InlineData("""{"content":"a","reply_to":{}}""", 422, "BAD_FIELD")]
    [InlineData("""[]""", 400, "BAD_JSON")]
    [InlineData("""{"content":"a" """, 400, "BAD_JSON")]
    [InlineData("""{"content":"a",}""", 400, "BAD_JSON")]
    [InlineData("", 400, "BAD_JSON")]
    public async Task A_bad_message_is_refused(string body, int status, string code)
    {
        var session = await rest.CreateAsync("mina");
        (await rest.SendAsync("mina", "POST", Of(session), body)).AssertProblem(status, code);
    }

    [Fact]
    public async Task Characters_count_as_scalar_values()
    {
        var session = await rest.CreateAsync("mina");
        var faces = string.Concat(Enumerable.Repeat("\U0001F600", 10_000));
        var most = $$"""{"content":"{{faces}}{{new string('a', 10_000)}}"}""";
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("mina", "POST", Of(session), most)).Status);
        (await rest.SendAsync("mina", "POST", Of(session), new { content = new string('a', 20_001) })).AssertProblem(422, "TOO_LONG");
        (await rest.SendAsync("mina", "POST", Of(session), new { content = "a" }, ("Idempotency-Key", new string('k', 101)))).AssertProblem(422, "TOO_LONG");
    }

    [Fact]
    public async Task An_own_message_is_edited_and_deleted()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var message = (await rest.PostAsync("mina", session, "old"))["message_id"].GetString();
        var path = $"{Of(session)}/{message}";

        var edited = await rest.SendAsync("mina", "PATCH", path, new { content = "new" });
        Assert.Equal((HttpStatusCode.OK, "new", true), (edited.Status, edited["content"].GetString(), edited["is_edited"].GetBoolean()));
        Assert.EndsWith("Z", edited["edited_at"].GetString(), StringComparison.Ordinal);
        (await rest.SendAsync("juno", "PATCH", path, new { content = "mine" })).AssertProblem(403, "FORBIDDEN");
        (await rest.SendAsync("juno", "DELETE", path)).AssertProblem(403, "FORBIDDEN");
        (await rest.SendAsync("mina", "PATCH", path, new { content = "" })).AssertProblem(422, "EMPTY_MESSAGE");

        var deleted = await rest.SendAsync("mina", "DELETE", path);
        Assert.Equal((HttpStatusCode.OK, JsonValueKind.Null, true), (deleted.Status, deleted["content"].ValueKind, deleted["is_deleted"].GetBoolean()));
        Assert.Equal(deleted.Text, (await rest.SendAsync("mina", "DELETE", path)).Text);
        (await rest.SendAsync("mina", "PATCH", path, new { content = "again" })).AssertProblem(404, "NOT_FOUND");
        Assert.Equal(deleted.Text, (await rest.SendAsync("mina", "GET", Of(session)))["messages"][0].GetRawText());
    }

    [Theory]
    [InlineData("msg_unknown")]
    [InlineData("%00")]
    [InlineData("%ED%A0%80")]
    public async Task A_message_that_is_not_there_is_not_found(string message)
    {
        var session = await rest.CreateAsync("mina");
        (await rest.SendAsync("mina", "PATCH", $"{Of(session)}/{message}", new { content = "x" })).AssertRefused(404, 400);
        (await rest.SendAsync("mina", "DELETE", $"{Of(session)}/{message}")).AssertRefused(404, 400);
        (await rest.SendAsync("mina", "POST", $"{Of(session)}/{message}/reactions", new { emoji = "x" })).AssertRefused(404, 400);
    }

    [Fact]
    public async Task Reactions_are_counted_by_emoji_with_their_users()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var message = (await rest.PostAsync("mina", session, "nice?"))["message_id"].GetString();
        var path = $"{Of(session)}/{message}/reactions";

        await rest.SendAsync("mina", "POST", path, new { emoji = "👍" });
        await rest.SendAsync("mina", "POST", path, new { emoji = "👍" });
        await rest.SendAsync("juno", "POST", path, new { emoji = "a/b" });
        var both = await rest.SendAsync("juno", "POST", path, new { emoji = "👍" });
        Assert.Equal(HttpStatusCode.OK, both.Status);
        Assert.Equal(
            ["👍 2 mina,juno", "a/b 1 juno"],
            both["reactions"].EnumerateArray().Select(r =>
                $"{r.GetProperty("emoji")} {r.GetProperty("count")} {string.Join(',', r.GetProperty("users").EnumerateArray().Select(u => u.GetString()))}").Order(StringComparer.Ordinal).Reverse());

        Assert.Equal(2, (await rest.SendAsync("mina", "DELETE", $"{path}/{Uri.EscapeDataString("👍")}"))["reactions"].GetArrayLength());
        Assert.Equal(1, (await rest.SendAsync("juno", "DELETE", $"{path}/{Uri.EscapeDataString("a/b")}"))["reactions"].GetArrayLength());
        (await rest.SendAsync("mina", "POST", path, new { emoji = new string('e', 33) })).AssertProblem(422, "TOO_LONG");
        (await rest.SendAsync("mina", "POST", path, new { emoji = "" })).AssertProblem(422, "BAD_FIELD");
        (await rest.SendAsync("mina", "POST", path, "{}")).AssertProblem(422, "BAD_FIELD");
    }

    private static string Of(string session) => $"/api/chat/sessions/{session}/messages";
}
