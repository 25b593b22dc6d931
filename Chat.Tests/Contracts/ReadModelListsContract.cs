using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Dapper;

namespace Chat.Tests.Contracts;

/// <summary>Lists and unread counts against the plain queries that they stand for.</summary>
public abstract class ReadModelListsContract(ReadModelStore store) : ReadModelContract(store)
{
    private const int FirstOfLarge = ListStatements.MostCarried + 1;

    private static readonly string[] Statuses = ["active", "archived"];

    [ContractFact]
    public async Task Every_history_is_listed_and_counted_as_the_plain_queries_do()
    {
        foreach (var seed in new[] { 1, 2, 3 })
        {
            var (random, crowd) = (new Random(seed), new RandomCrowd(Story, new Random(seed), $"c{seed}-"));
            for (var batch = 0; batch < 40; batch++)
            {
                crowd.Tell(1 + random.Next(60));
                for (var marks = random.Next(4); marks > 0; marks--)
                {
                    Markers.Raise(crowd.User(), crowd.Session(), 1 + random.Next(80));
                }
                await ProjectAsync();
                if (batch % 4 == 3)
                {
                    await ExpectPlainAsync(crowd, random);
                }
            }
        }
        Assert.True(Projector.SetAsideCount > 5, $"{Projector.SetAsideCount}");

        await Projector.RebuildAsync(null, CancellationToken.None);
        foreach (var seed in new[] { 1, 2, 3 })
        {
            await ExpectPlainAsync(new RandomCrowd(Story, new Random(seed), $"c{seed}-", last: 8), new Random(seed));
        }
    }

    [ContractFact]
    public async Task A_session_is_carried_until_it_has_one_member_too_many_and_again_when_that_one_has_left()
    {
        var session = Story.Create("s", "ann", agent: 7, members: [.. Enumerable.Range(2, FirstOfLarge - 2).Select(Name)]);
        await ProjectAsync();
        Assert.Equal((true, FirstOfLarge - 1L), await CarriedAsync(session));

        Story.Join(session, "late");
        await ProjectAsync();
        Assert.Equal((false, 0L), await CarriedAsync(session));
        Assert.Equal(session, (await OnlySessionAsync("late")).SessionId);
        Assert.Equal(session, (await OnlySessionAsync()).SessionId);

        Story.Archive(session);
        Story.Post(session, "not that it could be");
        Story.Leave(session, Name(2));
        await ProjectAsync();
        Assert.Equal((true, FirstOfLarge - 1L), await CarriedAsync(session));
        Assert.Equal(1, (await Model.ListSessionsAsync("late", "archived", 7, 20, 0)).Total);
        Assert.Equal(0, (await Model.ListSessionsAsync("ann", "active", null, 20, 0)).Total);
        Assert.Equal(0, (await Model.ListSessionsAsync(Name(2), "archived", null, 20, 0)).Total);
    }

    [ContractFact]
    public async Task A_member_that_is_added_again_is_counted_once()
    {
        var session = Story.Create("s");
        Story.Join(session, "bob");
        Story.Join(session, "bob");
        await ProjectAsync();
        Story.Join(session, "bob");
        await ProjectAsync();
        Assert.Equal(1, (await Model.ListSessionsAsync("bob", "active", null, 20, 0)).Total);

        Story.Leave(session, "bob");
        Story.Leave(session, "bob");
        await ProjectAsync();
        Assert.Equal(0, (await Model.ListSessionsAsync("bob", "active", null, 20, 0)).Total);
    }

    [ContractFact]
    public async Task Beyond_the_end_of_a_list_is_nothing_and_its_total()
    {
        Story.Create("s");
        await ProjectAsync();

        foreach (var offset in new[] { 1, int.MaxValue })
        {
            var beyond = await Model.ListSessionsAsync("ann", "active", null, 100, offset);
            Assert.Equal((0, 1, false), (beyond.Sessions.Count, beyond.Total, beyond.HasMore));
        }
    }

    [ContractFact]
    public async Task The_first_page_is_the_same_work_for_however_many_sessions()
    {
        var work = new List<(long Page, long Total)>();
        foreach (var sessions in new[] { 100, 3000 })
        {
            for (var n = work.Count * 100; n < sessions; n++)
            {
                Story.Post(Story.Create($"s{n}", "ann", agent: 1, members: "bob"), "hello", "bob");
            }
            await ProjectAsync();
            (string, object)[] of = [("user", "ann"), ("status", "active"), ("anyAgent", true), ("agent", ListStatements.AnyAgent)];
            work.Add((
                await Store.WorkAsync(Database, SessionQueries.Page, [.. of, ("reach", 20), ("limit", 20), ("offset", 0)]),
                await Store.WorkAsync(Database, SessionQueries.Total, of)));
        }

        Assert.Equal(3000, (await Model.ListSessionsAsync("ann", "active", 1, 20, 0)).Total);
        ExpectSame(work[0].Page, work[1].Page);
        ExpectSame(work[0].Total, work[1].Total);
    }

    [ContractFact]
    public async Task An_unread_count_is_the_same_work_for_however_many_messages_on_either_side_of_the_marker()
    {
        var session = Story.Create("s", "ann", members: "bob");
        var work = new List<long>();
        foreach (var (messages, marker) in new[] { (100, 0), (10_000, 0), (10_000, 5_000), (10_000, 9_990) })
        {
            for (var n = work.Count == 0 ? 0 : (int)(await Model.PageMessagesAsync(session, null, null, 1))!.Total; n < messages; n++)
            {
                Story.Post(session, $"{n}", n % 3 == 0 ? "ann" : "bob");
            }
            Markers.Raise("ann", session, marker);
            await Markers.FlushAsync();
            await ProjectAsync();
            Assert.Equal(await PlainUnreadAsync("ann", session), await Model.UnreadCountAsync("ann", session));
            work.Add(await Store.WorkAsync(Database, SessionQueries.Unread, ("user", "ann"), ("session", "s")));
        }

        Assert.All(work, one => ExpectSame(work[0], one));
    }

    /// <summary>An index that has become one step deeper is allowed for.</summary>
    private static void ExpectSame(long before, long after) => Assert.True(after <= (before * 3 / 2) + 10, $"{before} became {after}");

    private static string Name(int user) => $"u{user:D2}";

    private async Task<(bool IsCarried, long Rows)> CarriedAsync(SessionId session)
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        return await connection.QuerySingleAsync<(bool, long)>(
            """
            SELECT is_carried, (SELECT COUNT(*) FROM chat_members m WHERE m.session_id = s.session_id AND m.status IS NOT NULL)
            FROM chat_sessions s WHERE session_id = @session
            """,
            new { session = session.Value });
    }

    private async Task ExpectPlainAsync(RandomCrowd crowd, Random random)
    {
        foreach (var user in crowd.Users)
        {
            foreach (var status in Statuses)
            {
                var agent = random.Next(2) == 0 ? random.Next(3) : (int?)null;
                var (limit, offset) = (1 + random.Next(6), random.Next(2) * random.Next(6));
                var list = await Model.ListSessionsAsync(user, status, agent, limit, offset);
                var (plain, total) = await PlainListAsync(user, status, agent, limit, offset);
                var asked = string.Create(CultureInfo.InvariantCulture, $"{user} {status} {agent} {limit} {offset}: ");
                Assert.Equal(asked + string.Join(' ', plain), asked + string.Join(' ', list.Sessions.Select(row => $"{row.SessionId}/{row.UnreadCount}")));
                Assert.Equal((asked, total, offset + plain.Count < total), (asked, list.Total, list.HasMore));
            }
            var session = crowd.Session();
            Assert.Equal(await PlainUnreadAsync(user, session), await Model.UnreadCountAsync(user, session));
        }
    }

    private async Task<int> PlainUnreadAsync(string user, SessionId session)
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<int>($"SELECT {Unread} FROM chat_sessions s WHERE s.session_id = @session", new { user, session = session.Value });
    }

    private async Task<(IReadOnlyList<string> Rows, int Total)> PlainListAsync(string user, string status, int? agent, int limit, int offset)
    {
        const string Mine =
            """
            FROM chat_members mine JOIN chat_sessions s ON s.session_id = mine.session_id
            WHERE mine.user_id = @user AND s.status = @status AND (@anyAgent OR s.agent_id = @agent)
            """;
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        var of = new { user, status, anyAgent = agent is null, agent = agent ?? 0, limit, offset };
        var rows = await connection.QueryAsync<(string Session, long Unread)>(
            $"SELECT s.session_id, {Unread} {Mine} ORDER BY s.last_activity_at DESC, s.session_id LIMIT @limit OFFSET @offset", of);
        return ([.. rows.Select(row => $"{row.Session}/{row.Unread}")], await connection.ExecuteScalarAsync<int>($"SELECT COUNT(*) {Mine}", of));
    }

    private const string Unread =
        """
        (SELECT COUNT(*) FROM chat_messages m WHERE m.session_id = s.session_id
            AND m.seq > COALESCE((SELECT r.seq FROM chat_read_markers r WHERE r.user_id = @user AND r.session_id = m.session_id), 0)
            AND NOT m.is_deleted AND NOT (m.sender_id = @user AND m.sender_type = 'user'))
        """;
}
