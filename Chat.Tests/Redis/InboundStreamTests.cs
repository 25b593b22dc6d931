using System.Globalization;
using Chat.Protocol;
using Chat.Tests.Support;
using StackExchange.Redis;

namespace Chat.Tests.Redis;

/// <summary>The stream by which other services post.</summary>
[RequiresRedis]
public sealed class InboundStreamTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private TestServer _server = null!;
    private ConnectionMultiplexer _client = null!;

    private IDatabase Redis => _client.GetDatabase();

    public async Task InitializeAsync()
    {
        if (RedisServer.Missing is not null)
        {
            return;
        }
        _redis = await RedisServer.StartAsync();
        _server = await StartAsync();
        _client = await _redis.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        if (_redis is not null)
        {
            _client.Dispose();
            await _server.DisposeAsync();
            await _redis.DisposeAsync();
        }
    }

    [ContractFact]
    public async Task Entries_are_posted_in_their_order_and_leave_the_stream()
    {
        var session = await _server.CreateSessionAsync("mina", "billing");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        for (var i = 0; i < 100; i++)
        {
            await AddAsync("session_id", session, "sender_id", "billing", "content", i.ToString(CultureInfo.InvariantCulture));
        }

        await mina.ExpectAsync("message", f => f.Text("content") == "99");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture)), mina.All("message").Select(f => f.Text("content")));
        Assert.All(mina.All("message"), f => Assert.Equal(("billing", "user"), (f.Text("sender_id"), f.Text("sender_type"))));
        await Eventually.TrueAsync(async () => await LengthAsync("chat:inbound") == 0);
    }

    [ContractFact]
    public async Task An_entry_that_is_added_or_read_again_is_stored_once()
    {
        var session = await _server.CreateSessionAsync("mina", "billing");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await AddAsync("session_id", session, "sender_id", "billing", "content", "first", "client_message_id", "c1");
        await AddAsync("session_id", session, "sender_id", "billing", "content", "again", "client_message_id", "c1");
        await AddAsync("session_id", session, "sender_id", "billing", "content", "end", "sender_type", "agent");

        Assert.Equal("agent", (await mina.ExpectAsync("message", f => f.Text("content") == "end")).Text("sender_type"));
        Assert.Equal(["first", "end"], mina.All("message").Select(f => f.Text("content")));
    }

    [ContractFact]
    public async Task What_is_refused_is_kept_with_the_reason()
    {
        var session = await _server.CreateSessionAsync("mina");
        await AddAsync("session_id", session, "sender_id", "mallory", "content", "x");
        await AddAsync("session_id", "no such session", "sender_id", "mina", "content", "x");
        await AddAsync("session_id", session, "content", "x");
        await AddAsync("session_id", session, "sender_id", "mina", "content", " ");
        var last = await AddAsync("session_id", session, "sender_id", "mina", "content", "x", "sender_type", "admin");

        await Eventually.TrueAsync(async () => await LengthAsync("chat:inbound:refused") == 5);
        var refused = ((RedisResult[])(await Redis.ExecuteAsync("XRANGE", "chat:inbound:refused", "-", "+"))!).Select(entry => (string[])((RedisResult[])entry!)[1]!).ToList();
        Assert.Equal(["NOT_FOUND", "BAD_FIELD", "BAD_FIELD", "EMPTY_MESSAGE", "BAD_FIELD"], refused.Select(fields => fields[3]));
        Assert.Equal(["entry_id", last, "code", "BAD_FIELD", "reason", "sender_type must be user or agent", "session_id", session], refused[4][..8]);
        Assert.Equal(0, await LengthAsync("chat:inbound"));
    }

    [ContractFact]
    public async Task What_was_added_while_no_server_ran_is_posted_by_the_next()
    {
        await _server.DisposeAsync();
        await AddAsync("session_id", "room:late", "sender_id", "mina", "content", "x");
        _server = await StartAsync();

        await Eventually.TrueAsync(async () => await LengthAsync("chat:inbound:refused") == 1);
    }

    [ContractFact]
    public async Task Without_the_option_nothing_is_read()
    {
        await using var closed = await TestServer.StartAsync(options => options with { Redis = options.Redis with { Url = _redis.Url } });
        Assert.False(closed.Options.Redis.Inbound);
        await _server.DisposeAsync();
        await AddAsync("session_id", "s", "sender_id", "mina", "content", "x");
        var session = await closed.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(closed, session, "mina");
        await mina.PostAsync("it is up");
        // Three times the interval in which a server that reads would have.
        await Task.Delay(300);
        Assert.Equal(1, await LengthAsync("chat:inbound"));
        _server = await StartAsync();
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(options => options with { Redis = options.Redis with { Url = _redis.Url, Inbound = true } });

    private async Task<string> AddAsync(params string[] fields) => (string)(await Redis.ExecuteAsync("XADD", ["chat:inbound", "*", .. fields]))!;

    private async Task<long> LengthAsync(string stream) => (long)await Redis.ExecuteAsync("XLEN", stream);
}
