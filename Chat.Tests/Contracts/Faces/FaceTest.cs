namespace Chat.Tests.Contracts.Faces;

/// <summary>A test of one face: its session, its clients, and what is asked of them again and again.</summary>
public abstract class FaceTest(FaceWorld world, Face face) : IClassFixture<FaceWorld>, IAsyncLifetime
{
    private readonly List<ContractClient> _clients = [];

    protected FaceWorld World => world;

    protected Face Face => face;

    protected FaceSession Session { get; private set; } = null!;

    public Task InitializeAsync() => UseSessionAsync(agent: null);

    public async Task DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    /// <summary>A new session instead of the one that every test begins with.</summary>
    protected async Task UseSessionAsync(int? agent) => Session = await FaceSession.CreateAsync(world.Server, face.IsRoom, agent);

    protected Task<ContractClient> JoinAsync(string name) => WithAsync(Face.JoinAsync(World, Session, name));

    protected Task<ContractClient> EnterAsync(Key key, long? since = null) => WithAsync(Face.EnterAsync(World, Session, key, since));

    protected Task<ContractClient> KnockAsync(Key key) => WithAsync(Face.KnockAsync(World, Session, key));

    protected async Task AssertShutOutAsync(ContractClient inside, Key key)
    {
        var outside = await KnockAsync(key);
        var refusal = await outside.ExpectAsync<Told>(told => told is Told.Closed or Told.Refused);
        inside.Say($"not for {key.Name}");
        await inside.HearAsync($"not for {key.Name}");
        if (refusal is Told.Closed closed)
        {
            Assert.Equal(1008, closed.Code);
        }
        else
        {
            // The connection is no session's yet: it may ask again.
            await AssertRefusedAsync(outside, "NOT_JOINED");
        }
        Assert.Empty(outside.Messages);
    }

    protected static async Task AssertRefusedAsync(ContractClient client, string code)
    {
        client.Say("too late");
        Assert.Equal(code, (await client.ExpectAsync<Told.Refused>()).Code);
    }

    /// <summary>All of it: nothing left out, nothing twice, in order.</summary>
    protected async Task AssertAsHistoryAsync(params ContractClient[] clients)
    {
        var history = (await Session.HistoryAsync()).Select(m => m.Line).ToList();
        Assert.All(clients, client => Assert.Equal(history, client.Transcript));
    }

    protected static Task<Told.Counted> CountsAsync(ContractClient client, int present) => client.ExpectAsync<Told.Counted>(c => c.Present == present);

    private async Task<ContractClient> WithAsync(Task<ContractClient> opening)
    {
        var client = await opening;
        _clients.Add(client);
        return client;
    }
}
