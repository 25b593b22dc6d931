using Chat.Actors.Persistence;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Contracts;

/// <summary>What lists, pages and counts owe their callers, on whichever database.</summary>
public abstract class ReadModelContract : IAsyncLifetime
{
    private protected static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private protected MemoryLog Log { get; } = new();
    private protected Story Story { get; private set; } = null!;
    private protected ReadDatabase Database { get; private set; } = null!;
    private protected Projector Projector { get; private set; } = null!;
    private protected ReadMarkers Markers { get; private set; } = null!;
    private protected ReadModel Model { get; private set; } = null!;

    /// <summary>A database of its own for each test, with the read model's tables.</summary>
    private protected abstract Task<ReadDatabase> CreateAsync();

    private protected abstract Task DropAsync();

    public async Task InitializeAsync()
    {
        Story = new Story(Log);
        Database = await CreateAsync();
        Projector = NewProjector(Log);
        Markers = new ReadMarkers(Database, TimeProvider.System, NullLogger<ReadMarkers>.Instance);
        Model = new ReadModel(Database, Log, Projector, Markers, Long, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await Markers.DisposeAsync();
        await Projector.DisposeAsync();
        await DropAsync();
    }

    private protected Projector NewProjector(IJournal journal) => new(Database, journal, TimeProvider.System, NullLogger<Projector>.Instance);

    private protected async Task ProjectAsync()
    {
        Projector.Start();
        await Model.WaitUntilCurrentAsync();
    }

    private protected async Task<SessionRow> OnlySessionAsync(string user = "ann") =>
        Assert.Single((await Model.ListSessionsAsync(user, "active", null, 20, 0)).Sessions);

    [Fact]
    public async Task A_posted_message_stands_in_history_as_it_was_sent()
    {
        var session = Story.Create("s", members: "bob");
        var first = Story.Post(session, "안녕하세요 <b>👋</b>", metadata: """{"z": 1, "a": [1.50, "\u0000", "\ud800"]}""");
        var second = Story.Post(session, "why?", "bob", type: "question", replyTo: first);
        await ProjectAsync();

        var page = await Model.PageMessagesAsync(session, null, null, 50);

        Assert.NotNull(page);
        Assert.Equal((2, false), (page.Total, page.HasMore));
        Assert.Equal([first, second], page.Messages.Select(message => message.MessageId));
        var sent = page.Messages[0];
        Assert.Equal(("안녕하세요 <b>👋</b>", "user", "ann", "ann's name", "text", 2L), (sent.Content, sent.SenderType, sent.SenderId, sent.SenderName, sent.MessageType, sent.Seq));
        Assert.Equal("""{"z": 1, "a": [1.50, "\u0000", "\ud800"]}""", sent.Metadata);
        Assert.Equal("2026-03-01T09:00:00.002Z", sent.CreatedAt.ToWire());
        Assert.Equal((null, null, null, false, false), (sent.Status, sent.ReplyTo, sent.EditedAt, sent.IsEdited, sent.IsDeleted));
        Assert.Equal(("question", first), (page.Messages[1].MessageType, page.Messages[1].ReplyTo));
    }

    [Fact]
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

        var page = await Model.PageMessagesAsync(session, null, null, 50);

        Assert.Equal([prompt, between, answer], page!.Messages.Select(message => message.MessageId));
        var row = page.Messages[2];
        Assert.Equal(("Once upon", "stream", "agent", "1", "stopped", 8L), (row.Content, row.MessageType, row.SenderType, row.SenderId, row.Status, row.Seq));
        Assert.Equal((7, 42, Story.Now), (row.TokensUsed, row.LatencyMs, row.CreatedAt));
        Assert.Equivalent(row, await Model.FindMessageAsync(session, answer), strict: true);
    }
}
