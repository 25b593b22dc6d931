using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Tokens that expire while their socket is open, on a clock that the test moves.</summary>
public sealed class NativeExpiryTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private TestServer _server = null!;
    private string _session = null!;

    public async Task InitializeAsync()
    {
        // So that the heartbeat has no say when the clock jumps.
        var never = TimeSpan.FromDays(1000);
        _server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { HeartbeatInterval = never, ConnectionTimeout = 2 * never } }, _time);
        _session = await _server.CreateSessionAsync("mina");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_socket_whose_token_expires_is_closed_with_4001()
    {
        await using var client = await OpenAsync("mina", TimeSpan.FromMinutes(10));
        _time.Advance(TimeSpan.FromMinutes(9));
        await client.SettleAsync();

        _time.Advance(TimeSpan.FromMinutes(1.1));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_token_of_several_days_does_not_expire_early()
    {
        await using var client = await OpenAsync("mina", TimeSpan.FromDays(3));
        for (var day = 0; day < 2; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            await client.SettleAsync();
        }

        _time.Advance(TimeSpan.FromDays(1.1));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_fresh_token_of_the_same_user_keeps_the_socket()
    {
        await using var client = await OpenAsync("mina", TimeSpan.FromMinutes(10));
        await client.SendAsync(new { type = "auth", token = _server.Token("mina", lifetime: TimeSpan.FromMinutes(20)) });
        await client.SettleAsync();

        _time.Advance(TimeSpan.FromMinutes(19));
        await client.SettleAsync();
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
        Assert.Empty(client.All("error"));
    }

    [Fact]
    public async Task Another_users_token_is_forbidden_and_a_bad_one_renews_nothing()
    {
        await using var client = await OpenAsync("mina", TimeSpan.FromMinutes(10));

        await client.SendAsync(new { type = "auth", token = _server.Token("juno") });
        await client.ExpectErrorAsync("FORBIDDEN");
        await client.SendAsync(new { type = "auth", token = _server.Token("mina", lifetime: TimeSpan.FromMinutes(-5)) });
        await client.ExpectErrorAsync("UNAUTHORIZED");
        await client.PostAsync("still me");
        Assert.Equal("mina", (await client.ExpectAsync("message")).Text("sender_id"));
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(4001, (await client.ClosedAsync()).Code);
    }

    private Task<NativeClient> OpenAsync(string user, TimeSpan lifetime) =>
        NativeClient.OpenAsync(_server, _session, NativeClient.Query(_server.Token(user, lifetime: lifetime)));
}
