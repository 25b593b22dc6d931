using System.Net;
using System.Text.Json;
using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Tests.Endpoints;

public sealed class MemberEndpointsTests(RestServer rest) : IClassFixture<RestServer>
{
    [Fact]
    public async Task Members_are_added_and_removed()
    {
        var session = await rest.CreateAsync("mina");
        var added = await rest.SendAsync("mina", "POST", Of(session), new { user_id = "juno", name = "Juno" });
        Assert.Equal(HttpStatusCode.Created, added.Status);
        Assert.Equal("""{"user_id":"juno","name":"Juno","role":"member","is_online":false,"last_seen":null}""", added.Text);
        Assert.Equal("Juno", (await rest.SendAsync("mina", "POST", Of(session), new { user_id = "juno", name = "Other" }))["name"].GetString());
        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("juno", "GET", $"/api/chat/sessions/{session}")).Status);

        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("mina", "DELETE", $"{Of(session)}/juno")).Status);
        (await rest.SendAsync("juno", "GET", $"/api/chat/sessions/{session}")).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "DELETE", $"{Of(session)}/juno")).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "DELETE", $"{Of(session)}/mina")).AssertProblem(403, "FORBIDDEN");
    }

    [Theory]
    [InlineData("""{}""", "BAD_FIELD")]
    [InlineData("""{"user_id":""}""", "BAD_FIELD")]
    [InlineData("""{"user_id":7}""", "BAD_FIELD")]
    [InlineData("""{"user_id":"u","role":"owner"}""", "BAD_FIELD")]
    [InlineData("""{"user_id":"u","name":"a\u0000b"}""", "BAD_FIELD")]
    public async Task A_bad_member_is_refused(string body, string code)
    {
        var session = await rest.CreateAsync("mina");
        (await rest.SendAsync("mina", "POST", Of(session), body)).AssertProblem(422, code);
        (await rest.SendAsync("mina", "POST", Of(session), new { user_id = new string('u', 101) })).AssertProblem(422, "TOO_LONG");
    }

    [Fact]
    public async Task Who_is_here_is_online_and_who_has_left_was_seen()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var hubs = rest.Server.Node.Hubs;
        var subscriber = new Subscriber(NativeCodec.Instance, "juno", 1000);
        var hub = hubs.Subscribe(new SessionId(session), subscriber);
        hub.Presence.Enter(new Person("juno", "Juno"));
        Assert.Equal("mina False, juno True", await OnlineAsync(session));

        hub.Presence.Leave(new Person("juno", "Juno"));
        hubs.LastSeen.Set(new SessionId(session), "juno", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        hubs.Unsubscribe(hub, subscriber);
        Assert.Equal("mina False, juno False", await OnlineAsync(session));
        Assert.Contains("\"last_seen\":\"2026-01-02T03:04:05.000Z\"", (await rest.SendAsync("mina", "GET", Of(session))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_marker_rises_and_never_falls()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        await rest.PostAsync("mina", session, "one");
        var second = await rest.PostAsync("mina", session, "two");
        var path = $"/api/chat/sessions/{session}/read";

        Assert.Equal("""{"seq":0,"unread_count":2}""", (await rest.SendAsync("juno", "POST", path, new { seq = 0 })).Text);
        Assert.Equal("""{"seq":2,"unread_count":1}""", (await rest.SendAsync("juno", "POST", path, new { seq = 2 })).Text);
        Assert.Equal("""{"seq":2,"unread_count":1}""", (await rest.SendAsync("juno", "POST", path, new { seq = 1 })).Text);
        Assert.Equal($$"""{"seq":{{second["seq"]}},"unread_count":0}""", (await rest.SendAsync("juno", "POST", path, new { seq = 1_000_000 })).Text);
        await rest.PostAsync("mina", session, "three");
        var list = await rest.SendAsync("juno", "GET", "/api/chat/sessions");
        Assert.Equal(1, list["sessions"].EnumerateArray().Single(row => row.GetProperty("session_id").GetString() == session).GetProperty("unread_count").GetInt32());
        foreach (var body in new[] { "{}", """{"seq":-1}""", """{"seq":"2"}""", """{"seq":1.5}""" })
        {
            (await rest.SendAsync("juno", "POST", path, body)).AssertProblem(422, "BAD_FIELD");
        }
    }

    [Fact]
    public async Task A_read_marker_may_be_ever_so_high_and_hides_nothing_that_comes()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var last = await rest.PostAsync("mina", session, "one");
        var path = $"/api/chat/sessions/{session}/read";

        Assert.Equal($$"""{"seq":{{last["seq"]}},"unread_count":0}""", (await rest.SendAsync("juno", "POST", path, new { seq = long.MaxValue })).Text);
        await rest.PostAsync("mina", session, "two");
        Assert.Equal($$"""{"seq":{{last["seq"]}},"unread_count":1}""", (await rest.SendAsync("juno", "POST", path, new { seq = 0 })).Text);
        foreach (var seq in new[] { "9223372036854775808", "1e99", "-9223372036854775808" })
        {
            (await rest.SendAsync("juno", "POST", path, $$"""{"seq":{{seq}}}""")).AssertProblem(422, "BAD_FIELD");
        }
    }

    [Fact]
    public async Task An_archived_session_is_marked_as_read_and_a_strangers_is_not()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        await rest.PostAsync("mina", session, "one");
        await rest.PostAsync("mina", session, "two");
        await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}");
        var path = $"/api/chat/sessions/{session}/read";

        Assert.Equal("""{"seq":2,"unread_count":1}""", (await rest.SendAsync("juno", "POST", path, new { seq = 2 })).Text);
        Assert.Equal(1, await UnreadAsync("juno", session, "archived"));
        (await rest.SendAsync("eve", "POST", path, new { seq = 2 })).AssertProblem(404, "NOT_FOUND");
        Assert.Equal(0, await rest.Server.Node.Markers.ReadAsync("eve", new(session)));
    }

    [Fact]
    public async Task A_list_is_never_older_than_the_callers_last_write()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        var message = await rest.PostAsync("juno", session, "first");
        var path = $"/api/chat/sessions/{session}/messages/{message["message_id"]}";
        Assert.Equal(("first", 1), (await LastAsync(), await UnreadAsync("mina", session)));

        await rest.SendAsync("juno", "PATCH", path, new { content = "edited" });
        Assert.Equal(("edited", 1), (await LastAsync(), await UnreadAsync("mina", session)));
        await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{session}/read", new { seq = 2 });
        Assert.Equal(0, await UnreadAsync("mina", session));
        await rest.PostAsync("juno", session, "second");
        Assert.Equal(("second", 1), (await LastAsync(), await UnreadAsync("mina", session)));
        await rest.SendAsync("juno", "DELETE", path);
        Assert.Equal(("second", 1), (await LastAsync(), await UnreadAsync("mina", session)));

        async Task<string?> LastAsync() => (await ItemAsync("juno", session, "active")).GetProperty("last_message").GetString();
    }

    [Fact]
    public async Task Agents_are_listed()
    {
        var agents = await rest.SendAsync("mina", "GET", "/api/agents");
        Assert.Equal("""{"agents":[{"id":1,"name":"Echo","avatar_url":"/avatars/echo.png"},{"id":2,"name":"Outside","avatar_url":null}]}""", agents.Text);
        Assert.Equal("application/json", agents.Type);
    }

    private async Task<int> UnreadAsync(string user, string session, string status = "active") => (await ItemAsync(user, session, status)).GetProperty("unread_count").GetInt32();

    private async Task<JsonElement> ItemAsync(string user, string session, string status) =>
        (await rest.SendAsync(user, "GET", $"/api/chat/sessions?limit=100&status={status}"))["sessions"].EnumerateArray().Single(row => row.GetProperty("session_id").GetString() == session);

    private async Task<string> OnlineAsync(string session) => string.Join(
        ", ",
        (await rest.SendAsync("mina", "GET", Of(session)))["members"].EnumerateArray().Select((JsonElement m) => $"{m.GetProperty("user_id")} {m.GetProperty("is_online")}"));

    private static string Of(string session) => $"/api/chat/sessions/{session}/members";
}
