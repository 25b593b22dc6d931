using System.Net;
using Chat.Tests.Support;

namespace Chat.Tests.Endpoints;

public sealed class SessionEndpointsTests(RestServer rest) : IClassFixture<RestServer>
{
    private const string Path = "/api/chat/sessions";

    [Fact]
    public async Task A_new_session_has_the_seeds_fields_and_is_there_at_once()
    {
        var made = await rest.SendAsync("mina", "POST", Path, new { agent_id = 1, title = "고객 지원", metadata = new { purpose = "문의" }, ignored = true });

        Assert.Equal(HttpStatusCode.Created, made.Status);
        made.AssertFields("session_id", "trace_id", "user_id", "agent_id", "title", "status", "created_at");
        Assert.Matches("^sess_[0-9A-Za-z]{22}$", made["session_id"].GetString());
        Assert.Equal("mina", made["user_id"].GetString());
        Assert.Equal("active", made["status"].GetString());
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", made["created_at"].GetString());
        Assert.Contains("고객 지원", made.Text, StringComparison.Ordinal);

        var shown = await rest.SendAsync("mina", "GET", $"{Path}/{made["session_id"]}");
        Assert.Equal(HttpStatusCode.OK, shown.Status);
        shown.AssertFields(
            "session_id", "trace_id", "user_id", "agent_id", "agent", "title", "status", "metadata", "participants", "message_count", "created_at", "last_activity",
            "head_seq", "open_runs");
        Assert.Equal("""{"id":1,"name":"Echo","avatar_url":"/avatars/echo.png"}""", shown["agent"].GetRawText());
        Assert.Equal("문의", shown["metadata"].GetProperty("purpose").GetString());
        Assert.Equal("""["mina"]""", shown["participants"].GetRawText());
        Assert.Equal(0, shown["message_count"].GetInt32());
        Assert.False(shown.Json.TryGetProperty("session_code", out _));
    }

    [Fact]
    public async Task Members_come_as_names_or_as_objects()
    {
        var session = await rest.CreateAsync("mina", new { members = new object[] { "juno", new { user_id = "tae", name = "Tae Ho" } } });

        var members = await rest.SendAsync("tae", "GET", $"{Path}/{session}/members");
        Assert.Equal(
            ["mina/mina/owner", "juno/juno/member", "tae/Tae Ho/member"],
            members["members"].EnumerateArray().Select(m => $"{m.GetProperty("user_id")}/{m.GetProperty("name")}/{m.GetProperty("role")}"));
        Assert.All(members["members"].EnumerateArray(), m => Assert.False(m.GetProperty("is_online").GetBoolean()));
    }

    [Fact]
    public async Task A_joinable_session_gets_a_code()
    {
        var made = await rest.SendAsync("mina", "POST", Path, new { joinable = true });
        Assert.Matches("^[ABCDEFGHJKMNPQRSTUVWXYZ23456789]{6}$", made["session_code"].GetString());
    }

    [Fact]
    public async Task A_channel_url_has_one_session()
    {
        var made = await rest.SendAsync("mina", "POST", Path, new { channel_url = "only-one_1" });
        Assert.Equal("only-one_1", made["channel_url"].GetString());

        (await rest.SendAsync("juno", "POST", Path, new { channel_url = "only-one_1" })).AssertProblem(409, "NAME_TAKEN");
        (await rest.SendAsync("juno", "POST", Path, new { channel_url = "free-one", title = new string('t', 201) })).AssertProblem(422, "TOO_LONG");
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("juno", "POST", Path, new { channel_url = "free-one" })).Status);
    }

    [Fact]
    public async Task A_room_has_one_session_and_no_names_are_spent_on_a_second()
    {
        var made = await rest.SendAsync("mina", "POST", Path, new { room_id = "방 1", joinable = true, channel_url = "room-one" });
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.Equal(("room:방 1", "room-one"), (made["session_id"].GetString(), made["channel_url"].GetString()));
        made.AssertFields("session_code");

        foreach (var user in new[] { "mina", "juno" })
        {
            (await rest.SendAsync(user, "POST", Path, new { room_id = "방 1", channel_url = "unspent" })).AssertProblem(409, "NAME_TAKEN");
        }
        (await rest.SendAsync("juno", "POST", Path, new { room_id = "other", channel_url = "room-one" })).AssertProblem(409, "NAME_TAKEN");
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("juno", "POST", Path, new { channel_url = "unspent" })).Status);
    }

    [Fact]
    public async Task Of_many_who_make_one_room_at_once_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => rest.SendAsync(i % 2 == 0 ? "mina" : "juno", "POST", Path, new { room_id = "race", title = $"{i}" })));

        Assert.Single(answers, a => a.Status == HttpStatusCode.Created);
        Assert.Equal(19, answers.Count(a => a.Status == HttpStatusCode.Conflict));
        Assert.Equal(1, (await rest.Server.ViewAsync("room:race"))!.Head);
    }

    [Fact]
    public async Task A_claim_for_a_room_that_was_never_made_makes_no_room_of_another_session()
    {
        await rest.Server.Node.Names.ClaimAsync("channel", "left-over", Chat.Protocol.SessionId.OfRoom("unmade"), "mina");

        (await rest.SendAsync("mina", "POST", Path, new { channel_url = "left-over" })).AssertProblem(409, "NAME_TAKEN");
        (await rest.SendAsync("mina", "POST", Path, new { channel_url = "left-over", room_id = "another" })).AssertProblem(409, "NAME_TAKEN");
        var made = await rest.SendAsync("mina", "POST", Path, new { channel_url = "left-over", room_id = "unmade" });
        Assert.Equal("room:unmade", made["session_id"].GetString());
    }

    [Theory]
    [InlineData("""{"room_id":""}""", "room_id")]
    [InlineData("""{"room_id":"a/b"}""", "room_id")]
    [InlineData("""{"room_id":"a\u0001"}""", "room_id")]
    [InlineData("""{"room_id":7}""", "room_id")]
    [InlineData("""{"open":true}""", "open")]
    [InlineData("""{"agent_id":77}""", "agent_id")]
    [InlineData("""{"agent_id":0}""", "agent_id")]
    [InlineData("""{"agent_id":"1"}""", "agent_id")]
    [InlineData("""{"title":5}""", "title")]
    [InlineData("""{"metadata":[]}""", "metadata")]
    [InlineData("""{"metadata":{"a":"\ud800"}}""", "metadata")]
    [InlineData("""{"members":"juno"}""", "members")]
    [InlineData("""{"members":[1]}""", "members")]
    [InlineData("""{"members":[""]}""", "user_id")]
    [InlineData("""{"members":["\udc00"]}""", "members")]
    [InlineData("""{"members":[{"name":"x"}]}""", "user_id")]
    [InlineData("""{"channel_url":"a b"}""", "channel_url")]
    [InlineData("""{"channel_url":""}""", "channel_url")]
    [InlineData("""{"joinable":"yes"}""", "joinable")]
    public async Task A_field_of_the_wrong_kind_is_named(string body, string field)
    {
        var answer = await rest.SendAsync("mina", "POST", Path, body);
        answer.AssertProblem(422, "BAD_FIELD");
        Assert.Contains(field, answer["detail"].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_long_is_refused()
    {
        var most = new string('제', 200);
        Assert.Equal(HttpStatusCode.Created, (await rest.SendAsync("mina", "POST", Path, new { title = most })).Status);
        (await rest.SendAsync("mina", "POST", Path, new { title = most + "목" })).AssertProblem(422, "TOO_LONG");
        (await rest.SendAsync("mina", "POST", Path, new { metadata = new { a = new string('m', 8192) } })).AssertProblem(422, "TOO_LONG");
        (await rest.SendAsync("mina", "POST", Path, new { members = new[] { new { user_id = "u", name = new string('n', 101) } } })).AssertProblem(422, "TOO_LONG");
    }

    [Fact]
    public async Task A_list_shows_the_newest_activity_first_and_pages()
    {
        var first = await rest.CreateAsync("lister", new { title = "first", agent_id = 2 });
        var second = await rest.CreateAsync("lister", new { title = "second", members = new[] { "writer" } });
        await rest.PostAsync("writer", second, "도움이 필요하시면 말씀해주세요.");
        await rest.PostAsync("lister", first, "later");

        var all = await rest.SendAsync("lister", "GET", Path);
        Assert.Equal([first, second], Ids(all));
        Assert.Equal((2, false), (all["total"].GetInt32(), all["has_more"].GetBoolean()));
        var row = all["sessions"][1];
        Assert.Equal("도움이 필요하시면 말씀해주세요.", row.GetProperty("last_message").GetString());
        Assert.Matches(@"\.\d{3}Z$", row.GetProperty("last_message_at").GetString());
        Assert.Equal(1, row.GetProperty("unread_count").GetInt32());
        Assert.Equal("active", row.GetProperty("status").GetString());
        Assert.Equal("Outside", all["sessions"][0].GetProperty("agent_name").GetString());

        var page = await rest.SendAsync("lister", "GET", $"{Path}?limit=1&offset=0");
        Assert.Equal([first], Ids(page));
        Assert.True(page["has_more"].GetBoolean());
        Assert.Equal([second], Ids(await rest.SendAsync("lister", "GET", $"{Path}?limit=1&offset=1")));
        Assert.Equal([first], Ids(await rest.SendAsync("lister", "GET", $"{Path}?agent_id=2")));
        Assert.Empty(Ids(await rest.SendAsync("lister", "GET", $"{Path}?status=archived")));
        Assert.Equal(2, Ids(await rest.SendAsync("lister", "GET", $"{Path}?limit=5000")).Count());
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=-1")]
    [InlineData("limit=x")]
    [InlineData("limit=")]
    [InlineData("limit=1&limit=2")]
    [InlineData("offset=-1")]
    [InlineData("offset=1.5")]
    [InlineData("agent_id=one")]
    [InlineData("status=deleted")]
    public async Task A_bad_value_in_the_query_is_refused(string query) =>
        (await rest.SendAsync("mina", "GET", $"{Path}?{query}")).AssertProblem(422, "BAD_FIELD");

    [Fact]
    public async Task A_session_is_renamed_archived_and_restored()
    {
        var session = await rest.CreateAsync("mina", new { title = "old", members = new[] { "juno" } });

        var renamed = await rest.SendAsync("mina", "PATCH", $"{Path}/{session}", new { title = "new", metadata = new { k = 1 } });
        Assert.Equal((HttpStatusCode.OK, "new"), (renamed.Status, renamed["title"].GetString()));
        Assert.Equal("""{"k":1}""", renamed["metadata"].GetRawText());
        Assert.Equal("new", (await rest.SendAsync("mina", "PATCH", $"{Path}/{session}", "{}"))["title"].GetString());
        (await rest.SendAsync("mina", "PATCH", $"{Path}/{session}", new { status = "gone" })).AssertProblem(422, "BAD_FIELD");

        var archived = await rest.SendAsync("mina", "DELETE", $"{Path}/{session}");
        Assert.Equal(HttpStatusCode.OK, archived.Status);
        Assert.Equal("Session archived successfully", archived["message"].GetString());
        Assert.Equal(session, archived["session_id"].GetString());
        Assert.Equal("archived", (await rest.SendAsync("juno", "GET", $"{Path}/{session}"))["status"].GetString());
        Assert.Contains(session, Ids(await rest.SendAsync("mina", "GET", $"{Path}?status=archived")));
        (await rest.PostAsync("mina", session, "late")).AssertProblem(409, "ARCHIVED");
        (await rest.SendAsync("mina", "PATCH", $"{Path}/{session}", new { title = "x" })).AssertProblem(409, "ARCHIVED");

        var restored = await rest.SendAsync("mina", "PATCH", $"{Path}/{session}", new { status = "active" });
        Assert.Equal("active", restored["status"].GetString());
        Assert.Equal(HttpStatusCode.Created, (await rest.PostAsync("mina", session, "back")).Status);
    }

    private static IEnumerable<string> Ids(Answer list) => list["sessions"].EnumerateArray().Select(row => row.GetProperty("session_id").GetString()!);
}
