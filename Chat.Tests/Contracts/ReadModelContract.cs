using Chat.Actors.Persistence;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Contracts;

/// <summary>A read model beside a log that the test tells; what the contracts of the read model begin with.</summary>
public abstract class ReadModelContract(ReadModelStore store) : IAsyncLifetime
{
    private protected static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private protected MemoryLog Log { get; } = new();
    private protected Story Story { get; private set; } = null!;
    private protected ReadModelStore Store { get; } = store;
    private protected ReadDatabase Database { get; private set; } = null!;
    private protected CapturedLog<Projector> Said { get; } = new();
    private protected Projector Projector { get; private set; } = null!;
    private protected ReadMarkers Markers { get; private set; } = null!;
    private protected ReadModel Model { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Story = new Story(Log);
        Database = await Store.CreateAsync();
        Projector = new Projector(Database, Log, TimeProvider.System, Said);
        Markers = NewMarkers();
        Model = new ReadModel(Database, Log, Projector, Markers, Long, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await Markers.DisposeAsync();
        await Projector.DisposeAsync();
        await Store.DisposeAsync();
    }

    private protected ReadMarkers NewMarkers() => new(Database, TimeProvider.System, NullLogger<ReadMarkers>.Instance);

    private protected async Task ProjectAsync()
    {
        Projector.Start();
        await Model.WaitUntilCurrentAsync();
    }

    private protected async Task<SessionRow> OnlySessionAsync(string user = "ann") =>
        Assert.Single((await Model.ListSessionsAsync(user, "active", null, 20, 0)).Sessions);

    private protected async Task<IReadOnlyList<MessageRow>> HistoryAsync(SessionId session) =>
        (await Model.PageMessagesAsync(session, null, null, 100_000))!.Messages;
}
