using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>Pages of a session's history.</summary>
public abstract class ReadModelPagingContract(ReadModelStore store) : ReadModelContract(store)
{
    private readonly SessionId _session = new("s");

    [ContractFact]
    public async Task Pages_put_together_are_the_history_for_every_limit_and_cursor_and_direction()
    {
        var history = await TellAsync(23);
        Func<MessageRow, HistoryCursor>[] cursors = [row => HistoryCursor.At(row.Seq), row => HistoryCursor.At(row.MessageId)];
        foreach (var cursor in cursors)
        {
            for (var limit = 1; limit <= 25; limit++)
            {
                Assert.Equal(Ids(history), Ids(await BackwardAsync(limit, cursor)));
                Assert.Equal(Ids(history), Ids(await ForwardAsync(limit, cursor)));
            }
        }
    }

    [ContractFact]
    public async Task A_time_cuts_before_all_of_its_messages_or_after_all()
    {
        var history = await TellAsync(23);
        var from = history[0].CreatedAt.AddMilliseconds(-2);
        for (var ticks = 0; ticks < 14 * TimeSpan.TicksPerMillisecond; ticks += 5_000)
        {
            var time = from.AddTicks(ticks);
            var before = await Model.PageMessagesAsync(_session, HistoryCursor.At(time), null, 5);
            var after = await Model.PageMessagesAsync(_session, null, HistoryCursor.At(time), 5);

            var older = history.Where(row => row.CreatedAt < time).ToList();
            var newer = history.Where(row => row.CreatedAt > time).ToList();
            Assert.Equal(Ids(older.TakeLast(5)), Ids(before!.Messages));
            Assert.Equal(older.Count > 5, before.HasMore);
            Assert.Equal(Ids(newer.Take(5)), Ids(after!.Messages));
            Assert.Equal(newer.Count > 5, after.HasMore);
        }
    }

    [ContractFact]
    public async Task Both_cursors_give_what_lies_between_them()
    {
        var history = await TellAsync(10);

        var whole = await Model.PageMessagesAsync(_session, HistoryCursor.At(history[7].MessageId), HistoryCursor.At(history[2].Seq), 50);
        var cut = await Model.PageMessagesAsync(_session, HistoryCursor.At(history[7].MessageId), HistoryCursor.At(history[2].Seq), 3);
        var none = await Model.PageMessagesAsync(_session, HistoryCursor.At(history[2].Seq), HistoryCursor.At(history[7].Seq), 3);

        Assert.Equal(Ids(history[3..7]), Ids(whole!.Messages));
        Assert.Equal((false, 10), (whole.HasMore, whole.Total));
        Assert.Equal(Ids(history[3..6]), Ids(cut!.Messages));
        Assert.True(cut.HasMore);
        Assert.Empty(none!.Messages);
    }

    [ContractFact]
    public async Task A_page_without_cursors_is_the_newest()
    {
        var history = await TellAsync(10);

        var page = await Model.PageMessagesAsync(_session, null, null, 4);

        Assert.Equal(Ids(history[6..]), Ids(page!.Messages));
        Assert.Equal((true, 10), (page.HasMore, page.Total));
    }

    [ContractFact]
    public async Task A_cursor_at_an_unknown_message_is_a_bad_one()
    {
        await TellAsync(3);
        var other = Story.Post(Story.Create("other"), "elsewhere");
        await ProjectAsync();

        Assert.Null(await Model.PageMessagesAsync(_session, HistoryCursor.At(new MessageId("msg_none")), null, 5));
        Assert.Null(await Model.PageMessagesAsync(_session, null, HistoryCursor.At(other), 5));
    }

    [ContractFact]
    public async Task A_session_that_is_not_there_has_an_empty_page()
    {
        var page = await Model.PageMessagesAsync(new("nowhere"), null, HistoryCursor.At(DateTimeOffset.UnixEpoch), 5);
        Assert.Equal((0, 0, false), (page!.Messages.Count, page.Total, page.HasMore));
    }

    [ContractFact]
    public async Task Pages_are_searches_of_an_index_in_its_order()
    {
        (string, object)[] page = [("session", "s"), ("after", 0L), ("before", 100L), ("limit", 50)];
        ExplainedAs.OrderedSearches(await Store.ExplainAsync(Database, MessageQueries.PageBackward, page));
        ExplainedAs.OrderedSearches(await Store.ExplainAsync(Database, MessageQueries.PageForward, page));
        ExplainedAs.OrderedSearches(await Store.ExplainAsync(Database, MessageQueries.Conversation, ("session", "s"), ("last", 100L), ("limit", 50)));
        ExplainedAs.OrderedSearches(await Store.ExplainAsync(Database, MessageQueries.FirstFrom, ("session", "s"), ("time", Story.Now.DateTime)));
        ExplainedAs.Searches(await Store.ExplainAsync(Database, MessageQueries.Reactions, ("session", "s"), ("first", 1L), ("last", 50L)));
    }

    /// <summary>Two or three messages to each millisecond, with events between them that are none.</summary>
    private async Task<MessageRow[]> TellAsync(int messages)
    {
        Story.Create(_session.Value);
        for (var n = 0; n < messages; n++)
        {
            Story.Step = TimeSpan.FromMilliseconds(n % 5 is 0 or 2 ? 1 : 0);
            var message = Story.Post(_session, $"{n}");
            if (n % 4 == 0)
            {
                Story.Step = TimeSpan.Zero;
                Story.React(_session, message, "👍", "ann");
            }
        }
        await ProjectAsync();
        var history = (await HistoryAsync(_session)).ToArray();
        Assert.Equal(Enumerable.Range(0, messages).Select(n => $"{n}"), history.Select(row => row.Content!));
        return history;
    }

    private async Task<IEnumerable<MessageRow>> BackwardAsync(int limit, Func<MessageRow, HistoryCursor> cursor)
    {
        var found = new List<MessageRow>();
        while (true)
        {
            var page = await Model.PageMessagesAsync(_session, found.Count == 0 ? null : cursor(found[0]), null, limit);
            found.InsertRange(0, page!.Messages);
            if (!page.HasMore)
            {
                return found;
            }
            Assert.Equal(limit, page.Messages.Count);
        }
    }

    private async Task<IEnumerable<MessageRow>> ForwardAsync(int limit, Func<MessageRow, HistoryCursor> cursor)
    {
        var found = new List<MessageRow>();
        while (true)
        {
            var page = await Model.PageMessagesAsync(_session, null, found.Count == 0 ? HistoryCursor.At(0) : cursor(found[^1]), limit);
            found.AddRange(page!.Messages);
            if (!page.HasMore)
            {
                return found;
            }
            Assert.Equal(limit, page.Messages.Count);
        }
    }

    private static IEnumerable<MessageId> Ids(IEnumerable<MessageRow> rows) => rows.Select(row => row.MessageId);
}
