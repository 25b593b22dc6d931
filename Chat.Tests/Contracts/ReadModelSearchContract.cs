using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Dapper;

namespace Chat.Tests.Contracts;

/// <summary>Finding messages by what stands in them.</summary>
public abstract class ReadModelSearchContract(ReadModelStore store) : ReadModelContract(store)
{
    private static readonly string[] Texts =
    [
        "안녕하세요, 반갑습니다!", "Hello World of C++ and C#", "a b  c\nd", "100% sure_thing 'quoted' \"double\" \\back", "👍🏽 emoji 👨‍👩‍👧 family", "NEAR(a b) OR * AND NOT -x ^y :z",
        "s00000001 col:val", "cafe\u0301 au lait", "ㅋㅋㅋ 하하", "'; DROP TABLE chat_search;--", "ＦＵＬＬ ｗｉｄｔｈ", "{\"json\":[1,2]}", "𠮷野家 and 東京", "x",
    ];

    [ContractFact]
    public async Task Every_substring_of_two_characters_and_more_is_found()
    {
        var session = Story.Create("s");
        var ids = Texts.Select(text => Story.Post(session, text)).ToArray();
        await ProjectAsync();

        for (var n = 0; n < Texts.Length; n++)
        {
            var runes = SearchText.Shown(Texts[n]).EnumerateRunes().ToArray();
            for (var from = 0; from < runes.Length; from++)
            {
                foreach (var length in new[] { 2, 3, 5, runes.Length - from }.Where(length => length >= 2 && from + length <= runes.Length))
                {
                    var query = string.Concat(runes.Skip(from).Take(length));
                    var expected = ids.Where((_, i) => SearchText.Fold(Texts[i]).Contains(SearchText.Fold(query), StringComparison.Ordinal)).Reverse();
                    Assert.Equal(expected, Ids(await FindAsync("ann", query)));
                    Assert.Contains(ids[n], expected);
                }
            }
        }
    }

    [ContractFact]
    public async Task What_stands_nowhere_is_not_found_though_its_pairs_stand_somewhere()
    {
        Story.Post(Story.Create("s"), "abcd bcde cdef");
        await ProjectAsync();

        foreach (var query in new[] { "abcdef", "\" OR *", "\"\"", "**", "ab*", "a%d", "a_c", "NEAR", "b OR c", "힣힣", "terms:ab", "s00000000" })
        {
            Assert.Empty((await FindAsync("ann", query))!.Hits);
        }
    }

    [ContractFact]
    public async Task A_hit_says_where_it_is_and_shows_what_was_found()
    {
        var session = Story.Create("s", members: "bob");
        Story.Post(session, "first");
        var id = Story.Post(session, "Say  HELLO\nagain", "bob", type: "question");
        await ProjectAsync();

        var hit = Assert.Single((await FindAsync("ann", "hello"))!.Hits);

        Assert.Equal((session, "Title of s", id, 3L), (hit.SessionId, hit.SessionTitle, hit.MessageId, hit.Seq));
        Assert.Equal(("bob", "bob's name", "question", Story.Now), (hit.SenderId, hit.SenderName, hit.MessageType, hit.CreatedAt));
        Assert.Equal([new("Say ", false), new("HELLO", true), new(" again", false)], hit.Snippet.Parts);
    }

    [ContractFact]
    public async Task Only_sessions_are_searched_of_which_the_user_is_a_member_now()
    {
        var (mine, other) = (Story.Create("mine"), Story.Create("other", "bob"));
        var (inMine, inOther) = (Story.Post(mine, "needle one"), Story.Post(other, "needle two", "bob"));
        await ProjectAsync();
        Assert.Equal([inMine], Ids(await FindAsync("ann", "needle")));
        Assert.Equal([inOther], Ids(await FindAsync("bob", "needle")));
        Assert.Empty((await FindAsync("cid", "needle"))!.Hits);
        Assert.Equal([inOther, inMine], Ids(await FindAsync(null, "needle")));
        Assert.Equal([inMine], Ids(await FindAsync(null, "needle", mine)));

        Story.Join(other, "ann");
        Story.Archive(other);
        await ProjectAsync();
        Assert.Equal([inOther, inMine], Ids(await FindAsync("ann", "needle")));

        Story.Leave(other, "ann");
        await ProjectAsync();
        Assert.Equal([inMine], Ids(await FindAsync("ann", "needle")));
    }

    [ContractFact]
    public async Task A_member_of_more_sessions_than_are_marked_finds_what_is_theirs()
    {
        var expected = new List<MessageId>();
        for (var n = 0; n < SearchQueries.MostMarks + 20; n++)
        {
            expected.Insert(0, Story.Post(Story.Create($"mine-{n}"), "needle"));
            Story.Post(Story.Create($"other-{n}", "bob"), "needle", "bob");
        }
        await ProjectAsync();

        Assert.Equal(expected, await AllAsync("ann", "needle", 50));
    }

    [ContractFact]
    public async Task Edits_and_deletions_are_followed()
    {
        var session = Story.Create("s");
        var (edited, deleted, both, late) = (Story.Post(session, "old wine"), Story.Post(session, "old hat"), Story.Post(session, "old song"), Story.Post(session, "late"));
        Story.Edit(session, late, "old and late");
        await ProjectAsync();
        Assert.Equal([late, both, deleted, edited], Ids(await FindAsync("ann", "old")));

        Story.Edit(session, edited, "new wine");
        Story.Edit(session, edited, "newer wine");
        Story.Delete(session, deleted);
        Story.Edit(session, both, "new song");
        Story.Delete(session, both);
        await ProjectAsync();

        Assert.Equal([late], Ids(await FindAsync("ann", "old")));
        Assert.Equal([edited], Ids(await FindAsync("ann", "newer wine")));
        Assert.Empty((await FindAsync("ann", "new wine"))!.Hits);
        Assert.Empty((await FindAsync("ann", "song"))!.Hits);
        Story.Edit(session, deleted, "old again");
        await ProjectAsync();
        Assert.Empty((await FindAsync("ann", "again"))!.Hits);
        Assert.Equal(0, Projector.SetAsideCount);
    }

    [ContractFact]
    public async Task A_file_is_found_by_its_name_and_by_what_was_said_with_it()
    {
        var session = Story.Create("s");
        var report = new PostedFile("file_1", "분기 보고서.pdf", "application/pdf", 1, new string('a', 64), HasThumbnail: false);
        var (said, unsaid) = (Story.Show(session, report, "see this"), Story.Show(session, report with { FileId = "file_2", Name = "C++ notes.txt" }));
        await ProjectAsync();
        Assert.Equal([said], Ids(await FindAsync("ann", "보고서")));
        Assert.Equal([unsaid], Ids(await FindAsync("ann", "c++ n")));
        Assert.Equal("분기 보고서.pdf", Assert.Single((await FindAsync("ann", "서.p"))!.Hits).Snippet.Text);

        for (var n = 0; n < 3; n++)
        {
            Story.Edit(session, said, $"look at that {n}");
            await ProjectAsync();
            Assert.Equal([said], Ids(await FindAsync("ann", "보고서")));
        }
        Assert.Equal([said], Ids(await FindAsync("ann", "at that 2")));
        Assert.Empty((await FindAsync("ann", "see this"))!.Hits);

        Story.Delete(session, said);
        await ProjectAsync();
        Assert.Empty((await FindAsync("ann", "보고서"))!.Hits);
    }

    [ContractFact]
    public async Task An_answer_is_found_when_it_has_ended()
    {
        var session = Story.Create("s", agent: 1);
        var answer = Story.Begin(session, Story.Queue(session, Story.Post(session, "why")));
        Story.Chunk(session, answer, 0, "because of needles");
        await ProjectAsync();
        Assert.Empty((await FindAsync("ann", "needles"))!.Hits);

        Story.End(session, answer, "because of needles", StreamStatus.Stopped);
        await ProjectAsync();
        Assert.Equal([answer], Ids(await FindAsync("ann", "needles")));
    }

    [ContractFact]
    public async Task Pages_have_no_holes_and_no_doubles_while_messages_come()
    {
        var sessions = new[] { Story.Create("s"), Story.Create("t") };
        var expected = new List<MessageId>();
        for (var n = 0; n < 90; n++)
        {
            var id = Story.Post(sessions[n % 2], n % 3 == 0 ? "no hit" : $"needle {n}");
            if (n % 3 != 0)
            {
                expected.Insert(0, id);
            }
        }
        await ProjectAsync();
        for (var limit = 1; limit <= 61; limit += 4)
        {
            var now = expected.ToList();
            Assert.Equal(now, await AllAsync("ann", "needle", limit, () => expected.Insert(0, Story.Post(sessions[0], "needle, new"))));
        }
    }

    [ContractFact]
    public async Task A_page_goes_on_below_a_message()
    {
        var (session, other) = (Story.Create("s"), Story.Create("other", "bob"));
        var ids = Enumerable.Range(0, 5).Select(n => Story.Post(session, $"needle {n}")).ToArray();
        var notMine = Story.Post(other, "needle");
        await ProjectAsync();

        Assert.Equal([ids[1], ids[0]], Ids(await FindAsync("ann", "needle", before: SearchCursor.At(ids[2]))));
        Assert.Null(await FindAsync("ann", "needle", before: SearchCursor.At(new MessageId("msg_none"))));
        Assert.Null(await FindAsync("ann", "needle", before: SearchCursor.At(notMine)));
        Assert.Equal(5, (await FindAsync(null, "needle", session, before: SearchCursor.At(long.MaxValue)))!.Hits.Count);
        Assert.Empty((await FindAsync("ann", "needle", before: SearchCursor.At(0)))!.Hits);
    }

    [ContractFact]
    public async Task What_was_said_long_ago_is_found_below_what_was_said_today()
    {
        var session = Story.Create("s");
        var expected = new List<MessageId>();
        foreach (var blocks in new[] { 0, 1, 1, 3, 10, 30, 500 })
        {
            Log.Skip((long)blocks << SearchTerms.BlockBits);
            expected.Insert(0, Story.Post(session, "needle"));
            Story.Post(session, "straw");
            expected.Insert(0, Story.Post(session, "needle"));
        }
        await ProjectAsync();

        foreach (var limit in new[] { 1, 2, 5, 100 })
        {
            Assert.Equal(expected, await AllAsync("ann", "needle", limit));
        }
    }

    [ContractFact]
    public async Task The_longest_texts_are_found_by_their_ends_and_looking_for_nothing_in_them_ends()
    {
        var session = Story.Create("s");
        var random = new Random(11);
        string Long(int length, string end) => string.Concat(Enumerable.Range(0, length - end.Length).Select(_ => "etaoinshrd 가나다라마바사아자"[random.Next(20)])) + end;
        var message = Story.Post(session, Long(Limits.Content, "the end"));
        var answers = Enumerable.Range(0, 60).Select(_ => Story.Begin(session)).ToList();
        answers.ForEach(answer => Story.End(session, answer, Long(Limits.StreamContent, "끝이다")));
        var manyTerms = Story.Begin(session);
        Story.End(session, manyTerms, string.Concat(Enumerable.Range(0, Limits.StreamContent - 3).Select(_ => (char)random.Next('一', '龥'))) + "끝나다");
        await ProjectAsync();
        Assert.Equal([manyTerms], await AllAsync("ann", "끝나", 20));

        Assert.Equal([message], await AllAsync("ann", "the end", 20));
        Assert.Equal(answers.AsEnumerable().Reverse(), await AllAsync("ann", "끝이다", 20));
        var page = await FindAsync("ann", "etaoinshrd etaoinshrd");
        Assert.Empty(page!.Hits);
        Assert.NotNull(page.Next);
        Assert.Empty(await AllAsync("ann", "etaoinshrd etaoinshrd", 20));
    }

    [ContractFact]
    public async Task Search_finds_what_a_look_at_every_message_finds_also_after_a_rebuild()
    {
        var random = new RandomStory(Story, Log, new Random(21), "r");
        for (var n = 0; n < 20; n++)
        {
            random.Tell(60);
            await ProjectAsync();
        }
        Assert.True(Projector.SetAsideCount > 0);
        await CompareAsync();

        await Projector.RebuildAsync(null, CancellationToken.None);
        await CompareAsync();
    }

    [ContractFact]
    public async Task Candidates_are_found_in_the_index_and_read_by_their_ids()
    {
        var request = new SearchRequest { Query = "needle", UserId = "ann", Limit = 20 };
        foreach (var from in Database.Search.Ends(1L << 40))
        {
            var arguments = new DynamicParameters();
            var found = Database.Search.Find(SearchTerms.OfQuery("needle"), [SearchTerms.OfSession("s")], from, 1L << 40, arguments);
            (string, object)[] others = [("user", "ann"), ("from", from), ("before", 1L << 40), ("limit", 20)];
            var plan = await Store.ExplainAsync(
                Database, SearchQueries.Candidates(found, request), [.. arguments.ParameterNames.Select(name => (name, arguments.Get<object>(name))), .. others]);
            var text = string.Join('\n', plan);
            Assert.True(plan.Any(line => line.Contains("chat_search VIRTUAL TABLE INDEX", StringComparison.Ordinal) || line.Contains("Bitmap Index Scan on idx_chat_messages_search_terms", StringComparison.Ordinal)), text);
            Assert.DoesNotContain(plan, line => line.Contains("Seq Scan", StringComparison.Ordinal) || line is "SCAN m" || line.StartsWith("SCAN m ", StringComparison.Ordinal));
        }
    }

    private async Task CompareAsync()
    {
        await using var connection = await Database.OpenAsync(CancellationToken.None);
        var rows = (await connection.QueryAsync<(string Session, string Id, string? Content)>("SELECT session_id, message_id, content FROM chat_messages ORDER BY id DESC")).AsList();
        foreach (var user in new[] { "ann", "bob", null })
        {
            var sessions = (await connection.QueryAsync<string>("SELECT session_id FROM chat_members WHERE user_id = @user", new { user = user ?? "" })).ToHashSet();
            foreach (var query in new[] { "text", "t 5", "edited", "ed", "99", "ext 1", "d 7" })
            {
                var expected = rows.Where(row => (user is null || sessions.Contains(row.Session)) && row.Content is not null && SearchText.Fold(row.Content).Contains(query, StringComparison.Ordinal));
                Assert.Equal(expected.Select(row => new MessageId(row.Id)), await AllAsync(user, query, 37));
            }
        }
    }

    private async Task<SearchPage?> FindAsync(string? user, string query, SessionId? session = null, int limit = 20, SearchCursor? before = null) =>
        await Model.SearchAsync(new SearchRequest { Query = query, UserId = user, Session = session, Limit = limit, Before = before });

    /// <summary>All pages put together, and what happens between them.</summary>
    private async Task<List<MessageId>> AllAsync(string? user, string query, int limit, Action? between = null)
    {
        var found = new List<MessageId>();
        SearchCursor? before = null;
        do
        {
            var page = await FindAsync(user, query, limit: limit, before: before);
            Assert.True(page!.Hits.Count <= limit);
            found.AddRange(Ids(page));
            before = page.Next;
            between?.Invoke();
            await ProjectAsync();
        }
        while (before is not null);
        return found;
    }

    private static IEnumerable<MessageId> Ids(SearchPage? page) => page!.Hits.Select(hit => hit.MessageId);
}
