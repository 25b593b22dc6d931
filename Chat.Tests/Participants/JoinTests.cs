using System.Net;
using Chat.Host.Auth;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Participants;

/// <summary>Joining by code and the status endpoint, over HTTP in production mode.</summary>
public sealed class JoinTests : IAsyncLifetime
{
    private ParticipantWorld _world = null!;

    public async Task InitializeAsync() => _world = await ParticipantWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Whoever_knows_the_code_joins_and_gets_what_the_seed_says_and_a_token()
    {
        var answer = await _world.AskToJoinAsync("  민아 ");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(["message", "participant", "session", "token"], answer.Json.EnumerateObject().Select(f => f.Name).Order());
        var participant = answer["participant"];
        Assert.Equal(["id", "nickname", "joined_at", "is_online"], participant.EnumerateObject().Select(f => f.Name));
        Assert.Equal(7, Guid.ParseExact(participant.GetProperty("id").GetString()!, "D").Version);
        Assert.Equal("민아", participant.GetProperty("nickname").GetString());
        Assert.EndsWith("Z", participant.GetProperty("joined_at").GetString());
        Assert.True(participant.GetProperty("is_online").GetBoolean());
        Assert.Equal($$"""{"id":"{{_world.Session}}","title":"수업","session_code":"{{_world.Code}}"}""", answer["session"].GetRawText());
        Assert.Equal("성공적으로 세션에 참여했습니다.", answer["message"].GetString());
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task The_cookie_goes_to_the_participants_own_socket_alone_and_is_out_of_reach_of_scripts()
    {
        var answer = await _world.AskToJoinAsync("Mina");

        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        var id = answer["participant"].GetProperty("id").GetString();
        Assert.Equal($"{ParticipantProof.Cookie}={answer["token"].GetString()}; path=/ws/{_world.Code}/{id}; samesite=lax; httponly", cookie);
    }

    [Fact]
    public async Task A_nickname_is_one_participants_in_any_spelling()
    {
        await _world.JoinAsync("민아");

        foreach (var spelling in new[] { "민아", " 민아  ", "\u1106\u1175\u11AB\u110B\u1161" })
        {
            var taken = await _world.AskToJoinAsync(spelling);
            taken.AssertProblem(400, "NAME_TAKEN");
            Assert.Equal("이미 사용중인 닉네임입니다.", taken["detail"].GetString());
            Assert.False(taken.Headers.Contains("Set-Cookie"));
        }
        var (_, other) = await _world.CreateAsync();
        await _world.JoinAsync("민아", other);
    }

    [Fact]
    public async Task Of_many_who_want_one_name_at_once_one_gets_it()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _world.AskToJoinAsync("Mina")));

        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.Equal(19, answers.Count(a => a.Status == HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData("m")]
    [InlineData("mina!")]
    [InlineData("mina\u202e")]
    [InlineData("mi\u200bna")]
    [InlineData("\u3164\u3164")]
    [InlineData("mi\u0000na")]
    [InlineData(7)]
    public async Task What_is_no_nickname_is_refused_with_422(object nickname) => (await _world.AskToJoinAsync(nickname)).AssertProblem(422, "BAD_FIELD");

    [Fact]
    public async Task A_huge_nickname_is_refused()
    {
        (await _world.AskToJoinAsync(new string('가', 10_000))).AssertProblem(422, "BAD_FIELD");
        (await _world.AskToJoinAsync(new string('a', 100_000))).AssertProblem(413, "TOO_LARGE");
        (await _world.Rest.SendAsync(null, "POST", $"/api/participants/join/{_world.Code}", "{}")).AssertProblem(422, "BAD_FIELD");
        (await _world.Rest.SendAsync(null, "POST", $"/api/participants/join/{_world.Code}", "nickname")).AssertProblem(400, "BAD_JSON");
    }

    [Fact]
    public async Task An_unknown_code_and_an_archived_session_are_not_found()
    {
        var archived = await _world.CreateAsync();
        await _world.Server.DoAsync(archived.Session, new ArchiveSession { Caller = new(ParticipantWorld.Owner, "") });

        foreach (var code in new[] { "ZZZZZZ", _world.Code.ToLowerInvariant(), _world.Code + "A", "IL01OI", "a%20b", "%F0%9F%98%80", "code%3AX", archived.Code })
        {
            var answer = await _world.AskToJoinAsync("Mina", code);
            answer.AssertProblem(404, "NOT_FOUND");
            Assert.Equal("세션을 찾을 수 없거나 비활성 상태입니다.", answer["detail"].GetString());
        }
    }

    [Fact]
    public async Task A_code_of_4_kilobytes_is_only_an_unknown_one()
    {
        var code = new string('A', 4096);
        (await _world.AskToJoinAsync("Mina", code)).AssertProblem(404, "NOT_FOUND");
        (await _world.StatusAsync(code)).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task A_code_that_was_claimed_for_a_session_that_was_never_made_leads_nowhere()
    {
        await _world.Server.Node.Names.ClaimAsync("code", "AAAAAA", SessionId.New(), "mina");
        await _world.Server.Node.Names.ClaimAsync("code", "BBBBBB", new SessionId(_world.Session), "mina");

        (await _world.AskToJoinAsync("Mina", "AAAAAA")).AssertProblem(404, "NOT_FOUND");
        (await _world.AskToJoinAsync("Mina", "BBBBBB")).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task The_status_counts_those_who_have_joined_and_lists_those_who_are_here()
    {
        var mina = await _world.JoinAsync("Mina");
        await _world.JoinAsync("Juno");
        Assert.Equal(
            $$"""{"session_code":"{{_world.Code}}","status":"active","online_participants":[],"online_count":0,"total_participants":2}""",
            (await _world.StatusAsync()).Text);

        await using (var client = await _world.ConnectAsync(mina))
        {
            await client.SendAsync(new { type = "participant_update" });
            await client.ExpectAsync("participant_update");
            Assert.Equal(
                $$"""{"session_code":"{{_world.Code}}","status":"active","online_participants":["{{mina.Id}}"],"online_count":1,"total_participants":2}""",
                (await _world.StatusAsync()).Text);
        }

        await _world.Server.DoAsync(_world.Session, new RemoveMember { Caller = new(ParticipantWorld.Owner, ""), UserId = mina.Id });
        await _world.Server.DoAsync(_world.Session, new ArchiveSession { Caller = new(ParticipantWorld.Owner, "") });
        Assert.Equal(("archived", 1), ((await _world.StatusAsync())["status"].GetString(), (await _world.StatusAsync())["total_participants"].GetInt32()));
        var unknown = await _world.StatusAsync("ZZZZZZ");
        unknown.AssertProblem(404, "NOT_FOUND");
        Assert.Equal("Session not found", unknown["detail"].GetString());
    }

    [Fact]
    public async Task A_foreign_page_joins_nobody()
    {
        (await _world.AskToJoinAsync("Mina", null, ("Origin", "https://elsewhere.example"))).AssertProblem(403, "FORBIDDEN");
        Assert.Equal(0, (await _world.StatusAsync())["total_participants"].GetInt32());
    }
}
