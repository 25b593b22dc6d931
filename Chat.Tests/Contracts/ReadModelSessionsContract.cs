using System.Text;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>The list of a user's sessions.</summary>
public abstract class ReadModelSessionsContract(ReadModelStore store) : ReadModelContract(store)
{
    [ContractFact]
    public async Task A_user_sees_the_sessions_it_is_owner_or_member_of_newest_activity_first()
    {
        var owned = Story.Create("owned");
        Story.Create("foreign", "bob");
        var joined = Story.Create("joined", "bob", members: ["ann", "cid"]);
        var added = Story.Create("added", "bob");
        Story.Join(added, "ann");
        var left = Story.Create("left", "bob", members: "ann");
        Story.Leave(left, "ann");
        Story.Post(owned, "newest");
        await ProjectAsync();

        var list = await Model.ListSessionsAsync("ann", "active", null, 20, 0);

        Assert.Equal([owned, added, joined], list.Sessions.Select(session => session.SessionId));
        Assert.Equal((3, false), (list.Total, list.HasMore));
    }

    [ContractFact]
    public async Task Sessions_of_one_moment_are_listed_by_their_ids_and_pages_meet()
    {
        Story.Step = TimeSpan.Zero;
        foreach (var n in new[] { 4, 1, 5, 3, 2 })
        {
            Story.Create($"s{n}");
        }
        await ProjectAsync();

        var pages = new List<SessionList>();
        for (var offset = 0; offset < 6; offset += 2)
        {
            pages.Add(await Model.ListSessionsAsync("ann", "active", null, 2, offset));
        }

        Assert.Equal(["s1", "s2", "s3", "s4", "s5"], pages.SelectMany(page => page.Sessions).Select(session => session.SessionId.Value));
        Assert.Equal([true, true, false], pages.Select(page => page.HasMore));
        Assert.All(pages, page => Assert.Equal(5, page.Total));
    }

    [ContractFact]
    public async Task The_list_is_of_one_status_and_if_wanted_of_one_agent()
    {
        var one = Story.Create("one", agent: 1);
        var two = Story.Create("two", agent: 2);
        var none = Story.Create("none");
        Story.Archive(two);
        var archivedAt = Story.Now;
        Story.Archive(none);
        Story.Restore(none);
        await ProjectAsync();

        Assert.Equal([none, one], await IdsAsync("active", null));
        Assert.Equal([one], await IdsAsync("active", 1));
        Assert.Empty(await IdsAsync("active", 2));
        var archived = Assert.Single((await Model.ListSessionsAsync("ann", "archived", null, 20, 0)).Sessions);
        Assert.Equal((two, "archived", archivedAt, "Agent 2"), (archived.SessionId, archived.Status, archived.EndedAt, archived.AgentName));

        async Task<IEnumerable<SessionId>> IdsAsync(string status, int? agent) =>
            (await Model.ListSessionsAsync("ann", status, agent, 20, 0)).Sessions.Select(session => session.SessionId);
    }

    [ContractFact]
    public async Task A_session_is_listed_as_it_was_last_named_and_described()
    {
        var session = Story.Create("s", agent: 3, channel: "news", metadata: """{"old":1}""");
        var createdAt = Story.Now;
        Story.Retitle(session, "다시");
        Story.Describe(session, """{ "new": 2 }""");
        await ProjectAsync();

        var row = await OnlySessionAsync();

        Assert.Equal(("다시", """{ "new": 2 }""", "news", 3, "Agent 3", "trace_s", "ann"), (row.Title, row.Metadata, row.ChannelUrl, row.AgentId, row.AgentName, row.TraceId, row.OwnerId));
        Assert.Equal((createdAt, Story.Now, createdAt, 3L, 0), (row.CreatedAt, row.UpdatedAt, row.LastActivityAt, row.HeadSeq, row.MessageCount));
        Assert.Equal((null, null), (row.LastMessage, row.LastMessageAt));
    }

    [ContractFact]
    public async Task The_last_message_follows_edits_and_deletions_of_the_newest()
    {
        var session = Story.Create("s");
        var first = Story.Post(session, "first");
        var firstAt = Story.Now;
        var second = Story.Post(session, "second");
        var secondAt = Story.Now;
        await ExpectAsync("second", secondAt);

        Story.Edit(session, first, "first!");
        await ExpectAsync("second", secondAt);
        Story.Edit(session, second, "second!");
        await ExpectAsync("second!", secondAt);
        Story.Delete(session, second);
        await ExpectAsync("first!", firstAt);
        Story.Delete(session, first);
        await ExpectAsync(null, null);
        Assert.Equal((2, secondAt), ((await OnlySessionAsync()).MessageCount, (await OnlySessionAsync()).LastActivityAt));

        async Task ExpectAsync(string? content, DateTimeOffset? at)
        {
            await ProjectAsync();
            var row = await OnlySessionAsync();
            Assert.Equal((content, at), (row.LastMessage, row.LastMessageAt));
        }
    }

    [ContractFact]
    public async Task The_last_message_is_cut_between_characters()
    {
        Story.Post(Story.Create("s"), string.Concat(Enumerable.Repeat("👋", 201)));
        await ProjectAsync();

        var shown = (await OnlySessionAsync()).LastMessage!;

        Assert.Equal(200, shown.EnumerateRunes().Count());
        Assert.All(shown.EnumerateRunes(), rune => Assert.Equal(new Rune(0x1F44B), rune));
    }

    [ContractFact]
    public async Task A_room_with_the_longest_name_has_its_place()
    {
        var room = Story.Create("room:" + new string('방', 100));
        Story.Post(room, "들어오세요");
        await ProjectAsync();

        Assert.Equal((room, "들어오세요"), ((await OnlySessionAsync()).SessionId, (await OnlySessionAsync()).LastMessage));
    }

    [ContractFact]
    public async Task Unread_are_others_messages_above_the_marker_that_stand()
    {
        var session = Story.Create("s", members: ["bob", "1"]);
        Story.Post(session, "read", "bob");
        Story.Post(session, "unread", "bob");
        Story.Post(session, "my own");
        var deleted = Story.Post(session, "deleted", "bob");
        Story.Delete(session, deleted);
        Story.Post(session, "an agent's", "1", senderType: "agent");
        await ProjectAsync();

        Assert.Equal(3, (await OnlySessionAsync()).UnreadCount);
        Markers.Raise("ann", session, 2);

        Assert.Equal(2, (await OnlySessionAsync()).UnreadCount);
        Assert.Equal(2, await Model.UnreadCountAsync("ann", session));
        Assert.Equal(2, await Model.UnreadCountAsync("bob", session));
        // The agent 1 is not the user 1.
        Assert.Equal(4, await Model.UnreadCountAsync("1", session));
    }

    [ContractFact]
    public async Task Lists_and_counts_are_searches_of_an_index()
    {
        (string, object)[] of = [("user", "ann"), ("status", "active"), ("anyAgent", true), ("agent", ListStatements.AnyAgent)];
        ExplainedAs.Searches(await Store.ExplainAsync(Database, SessionQueries.Page, [.. of, ("reach", 20), ("limit", 20), ("offset", 0)]));
        ExplainedAs.Searches(await Store.ExplainAsync(Database, SessionQueries.Total, of));
        ExplainedAs.Searches(await Store.ExplainAsync(Database, SessionQueries.Unread, ("user", "ann"), ("session", "s")));
    }
}
