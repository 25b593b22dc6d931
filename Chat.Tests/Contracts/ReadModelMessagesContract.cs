using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What becomes of messages, reactions and answers.</summary>
public abstract class ReadModelMessagesContract(ReadModelStore store) : ReadModelContract(store)
{
    [ContractFact]
    public async Task A_posted_message_stands_in_history_as_it_was_sent()
    {
        const string Metadata = """{"z": 1, "a": [1.50, 1e5]}""";
        var session = Story.Create("s", members: "bob");
        var first = Story.Post(session, "안녕하세요 <b>👋</b>", metadata: Metadata);
        var second = Story.Post(session, "why?", "bob", type: "question", replyTo: first);
        await ProjectAsync();

        var page = await Model.PageMessagesAsync(session, null, null, 50);

        Assert.NotNull(page);
        Assert.Equal((2, false), (page.Total, page.HasMore));
        Assert.Equal([first, second], page.Messages.Select(message => message.MessageId));
        var sent = page.Messages[0];
        Assert.Equal(("안녕하세요 <b>👋</b>", "user", "ann", "ann's name", "text", 2L), (sent.Content, sent.SenderType, sent.SenderId, sent.SenderName, sent.MessageType, sent.Seq));
        Assert.Equal(Metadata, sent.Metadata);
        Assert.Equal("2026-03-01T09:00:00.002Z", sent.CreatedAt.ToWire());
        Assert.Equal((null, null, null, false, false), (sent.Status, sent.ReplyTo, sent.EditedAt, sent.IsEdited, sent.IsDeleted));
        Assert.Equal(("question", first), (page.Messages[1].MessageType, page.Messages[1].ReplyTo));
    }

    [ContractFact]
    public async Task Metadata_that_a_JSON_column_refuses_costs_no_message()
    {
        string[] doubtful =
        [
            """{"a":"\u0000"}""", """{"a":"\ud800"}""", """{"a":"\udc00\ud800"}""", """{"a":"\\\u0000"}""", """{"a":1e999999}""", """{"\u0000":1}""",
            """{"a":"\\u0000"}""", """{"a":"\ud83d\udc4b"}""", """{"a":true,"b":"1e999999"}""", "{}", """{"a":1E+22}""", """{"a":"\"","b":1e-3}""",
        ];
        var session = Story.Create("s", metadata: doubtful[0]);
        foreach (var metadata in doubtful)
        {
            Story.Post(session, "x", metadata: metadata);
        }
        await ProjectAsync();

        Assert.Equal(doubtful, (await HistoryAsync(session)).Select(message => message.Metadata!));
        Assert.Equal(doubtful[0], (await OnlySessionAsync()).Metadata);
        Assert.Equal(0, Projector.SetAsideCount);
    }

    [ContractFact]
    public async Task An_answer_is_one_message_with_the_place_and_time_of_its_end()
    {
        var session = Story.Create("s", agent: 1);
        var prompt = Story.Post(session, "Tell me");
        var answer = Story.Queue(session, prompt);
        Story.Begin(session, answer);
        Story.Chunk(session, answer, 0, "Once ");
        var between = Story.Post(session, "Hurry");
        Story.Chunk(session, answer, 1, "upon");
        Story.End(session, answer, "Once upon", StreamStatus.Stopped);
        await ProjectAsync();

        var messages = await HistoryAsync(session);

        Assert.Equal([prompt, between, answer], messages.Select(message => message.MessageId));
        var row = messages[2];
        Assert.Equal(("Once upon", "stream", "agent", "1", "stopped", 8L), (row.Content, row.MessageType, row.SenderType, row.SenderId, row.Status, row.Seq));
        Assert.Equal((7, 42, Story.Now), (row.TokensUsed, row.LatencyMs, row.CreatedAt));
        Assert.Equivalent(row, await Model.FindMessageAsync(session, answer), strict: true);
    }

    [ContractFact]
    public async Task A_chunk_alone_writes_nothing()
    {
        var session = Story.Create("s", agent: 1);
        var answer = Story.Begin(session);
        await ProjectAsync();
        var before = await OnlySessionAsync();
        Story.Chunk(session, answer, 0, "Once ");
        await ProjectAsync();

        Assert.Empty(await HistoryAsync(session));
        Assert.Equal(before, await OnlySessionAsync());
    }

    [ContractFact]
    public async Task An_edit_is_shown_and_a_deleted_message_keeps_only_its_place()
    {
        var session = Story.Create("s");
        var edited = Story.Post(session, "befor", metadata: "{}");
        var deleted = Story.Post(session, "regretted", metadata: """{"a":1}""");
        Story.React(session, deleted, "👍", "ann");
        Story.Edit(session, edited, "before");
        var editedAt = Story.Now;
        Story.Delete(session, deleted);
        await ProjectAsync();

        var page = await Model.PageMessagesAsync(session, null, null, 50);

        Assert.Equal(2, page!.Total);
        Assert.Equal(("before", true, editedAt, "{}"), (page.Messages[0].Content, page.Messages[0].IsEdited, page.Messages[0].EditedAt, page.Messages[0].Metadata));
        Assert.Equal((null, true, null), (page.Messages[1].Content, page.Messages[1].IsDeleted, page.Messages[1].Metadata));
        Assert.Empty(page.Messages[1].Reactions);
    }

    [ContractFact]
    public async Task Reactions_are_counted_by_emoji_in_the_order_in_which_they_came()
    {
        var session = Story.Create("s");
        var message = Story.Post(session, "cake");
        var other = Story.Post(session, "no cake");
        Story.React(session, message, "👍🏽", "bob");
        Story.React(session, message, "❤️", "ann");
        Story.React(session, message, "👍🏽", "ann");
        Story.React(session, message, "👍🏽", "ann");
        Story.React(session, message, "😢", "cid");
        Story.React(session, message, "😢", "cid", removed: true);
        Story.React(session, other, "😢", "bob");
        await ProjectAsync();

        var reactions = await Model.ReactionsAsync(session, message);

        Assert.Equal(["👍🏽", "❤️"], reactions.Select(reaction => reaction.Emoji));
        Assert.Equal([2, 1], reactions.Select(reaction => reaction.Count));
        Assert.Equal(["bob", "ann"], reactions[0].Users);
        Assert.Equal([2, 1], (await HistoryAsync(session)).Select(row => row.Reactions.Count));
        Assert.Empty(await Model.ReactionsAsync(session, new("msg_none")));
    }

    [ContractFact]
    public async Task A_message_is_found_in_its_own_session_only()
    {
        var session = Story.Create("s");
        var other = Story.Create("t");
        var message = Story.Post(session, "mine");
        await ProjectAsync();

        Assert.Equal("mine", (await Model.FindMessageAsync(session, message))?.Content);
        Assert.Null(await Model.FindMessageAsync(other, message));
        Assert.Null(await Model.FindMessageAsync(session, new("msg_none")));
    }

    [ContractFact]
    public async Task A_conversation_is_the_last_messages_up_to_a_place_that_still_stand()
    {
        var session = Story.Create("s");
        var messages = Enumerable.Range(0, 6).Select(n => Story.Post(session, $"{n}")).ToList();
        Story.Delete(session, messages[2]);
        await ProjectAsync();

        var conversation = await Model.ConversationAsync(session, beforeOrAtSeq: 6, limit: 3);

        Assert.Equal(["1", "3", "4"], conversation.Select(message => message.Content));
    }

    [ContractFact]
    public async Task A_run_is_open_from_its_queueing_to_its_end()
    {
        var session = Story.Create("s", agent: 1);
        var prompt = Story.Post(session, "?");
        var ended = Story.Queue(session, prompt);
        var waiting = Story.Queue(session, prompt, agent: 2);
        var queuedAt = Story.Now;
        Story.Begin(session, ended);
        var outside = Story.Begin(Story.Create("t"), by: "bot");
        Story.End(session, ended, "!");
        await ProjectAsync();

        var runs = await Model.OpenRunsAsync();

        Assert.Equal([waiting, outside], runs.Select(run => run.MessageId));
        Assert.Equal(new OpenRunRow(session, waiting, 2, queuedAt, null), runs[0]);
        Assert.Equal((0, Story.Now - Story.Step), (runs[1].AgentId, runs[1].StartedAt));
    }
}
