using System.Net;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Participants;

/// <summary>What one address may ask in a minute, on a clock that the test moves.</summary>
public sealed class AddressLimitTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(ChatMode.Production)]
    [InlineData(ChatMode.Development)]
    public async Task Over_the_limit_requests_get_429_and_sockets_1013_until_the_bucket_fills(ChatMode mode)
    {
        await using var world = await StartAsync(perMinute: 60, mode: mode);
        var mina = await world.JoinAsync("Mina");
        for (var i = 0; i < 59; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await world.StatusAsync()).Status);
        }

        var refused = await world.StatusAsync();
        refused.AssertProblem(429, "RATE_LIMIT");
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        (await world.AskToJoinAsync("Juno")).AssertProblem(429, "RATE_LIMIT");
        await using (var late = await world.ConnectAsync(mina))
        {
            Assert.Equal((1013, "Too many requests from this address"), await late.ClosedAsync());
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await using var client = await world.ConnectAsync(mina);
        await client.SendAsync(new { type = "participant_update" });
        await client.ExpectAsync("participant_update");
        (await world.StatusAsync()).AssertProblem(429, "RATE_LIMIT");
        // The rest of the server is not concerned.
        await world.CreateAsync();
    }

    [Fact]
    public async Task A_guess_costs_ten_wherever_it_is_made()
    {
        await using var world = await StartAsync(perMinute: 40);
        var mina = await world.JoinAsync("Mina");
        (await world.StatusAsync("AAAAAA")).AssertProblem(404, "NOT_FOUND");
        (await world.AskToJoinAsync("Juno", "no code")).AssertProblem(404, "NOT_FOUND");
        Assert.Equal((1008, "Session not found"), await ClosedAsync(world, $"/ws/BBBBBB/{mina.Id}"));
        Assert.Equal((1008, "Participant not found"), await ClosedAsync(world, $"/ws/{world.Code}/{Guid.NewGuid()}"));

        // 1 + 40 of 40: one is owed, and one is needed.
        var refused = await world.StatusAsync();
        refused.AssertProblem(429, "RATE_LIMIT");
        Assert.Equal(TimeSpan.FromSeconds(3), refused.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task Many_guesses_at_once_are_no_cheaper()
    {
        await using var world = await StartAsync(perMinute: 20);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => world.StatusAsync("AAAAAA")));
        var guesses = answers.Count(a => a.Status == HttpStatusCode.NotFound);
        Assert.InRange(guesses, 2, 20);

        // Whatever got through is paid for before anything else.
        _time.Advance(TimeSpan.FromMinutes(guesses * 10 / 20.0) - TimeSpan.FromMinutes(1));
        (await world.StatusAsync()).AssertProblem(429, "RATE_LIMIT");
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, (await world.StatusAsync()).Status);
    }

    [Fact]
    public async Task None_is_limited_where_the_limit_is_0()
    {
        await using var world = await StartAsync(perMinute: 0);
        for (var i = 0; i < 100; i++)
        {
            (await world.StatusAsync("AAAAAA")).AssertProblem(404, "NOT_FOUND");
        }
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_each_client_has_an_allowance_of_its_own()
    {
        await using var world = await StartAsync(perMinute: 2, proxies: ["10.0.0.0/8", "127.0.0.1", "::1"]);

        // The last that is not a trusted proxy's counts; what stands before it is the client's own word.
        foreach (var chain in new[] { "203.0.113.7", "1.1.1.1, 203.0.113.7", "203.0.113.7, 10.1.2.3" })
        {
            var expected = chain.Contains("10.1", StringComparison.Ordinal) ? HttpStatusCode.TooManyRequests : HttpStatusCode.OK;
            Assert.Equal(expected, (await StatusFromAsync(world, chain)).Status);
        }
        Assert.Equal(HttpStatusCode.OK, (await StatusFromAsync(world, "203.0.113.8")).Status);
        Assert.Equal(HttpStatusCode.OK, (await StatusFromAsync(world, "2001:db8:0:1::1")).Status);
        Assert.Equal(HttpStatusCode.OK, (await StatusFromAsync(world, "2001:db8:0:1:ffff::2")).Status);
        (await StatusFromAsync(world, "2001:db8:0:1:a::3")).AssertProblem(429, "RATE_LIMIT");
        Assert.Equal(HttpStatusCode.OK, (await StatusFromAsync(world, "2001:db8:0:2::1")).Status);
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_that_ends_TLS_the_cookie_is_for_TLS_only()
    {
        await using var world = await StartAsync(perMinute: 0, proxies: ["127.0.0.1", "::1"]);
        var joined = await world.AskToJoinAsync("Mina", null, ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.7"));
        Assert.Contains("; secure", Assert.Single(joined.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("10.0.0.0/8")]
    public async Task Nobody_elses_word_about_its_address_is_taken(string? proxy)
    {
        // The framework's own switch would believe everyone.
        Environment.SetEnvironmentVariable("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true");
        try
        {
            await using var world = await StartAsync(perMinute: 2, proxies: proxy is null ? [] : [proxy]);
            await StatusFromAsync(world, "203.0.113.1");
            await StatusFromAsync(world, "203.0.113.2");
            (await StatusFromAsync(world, "203.0.113.3")).AssertProblem(429, "RATE_LIMIT");
            _time.Advance(TimeSpan.FromMinutes(1));
            var joined = await world.AskToJoinAsync("Mina", null, ("X-Forwarded-Proto", "https"));
            Assert.DoesNotContain("; secure", Assert.Single(joined.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("ASPNETCORE_FORWARDEDHEADERS_ENABLED", null);
        }
    }

    [Theory]
    [InlineData("203.0.113.7", "::ffff:203.0.113.7", true)]
    [InlineData("203.0.113.7", "203.0.113.8", false)]
    [InlineData("2001:db8::1", "2001:db8:0:0:ffff::1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("::1", "127.0.0.1", false)]
    public void IPv4_counts_by_the_address_and_IPv6_by_its_network(string one, string other, bool same) =>
        Assert.Equal(same, AddressLimits.KeyOf(IPAddress.Parse(one)) == AddressLimits.KeyOf(IPAddress.Parse(other)));

    private Task<ParticipantWorld> StartAsync(int perMinute, IReadOnlyList<string>? proxies = null, ChatMode mode = ChatMode.Production) => ParticipantWorld.StartAsync(
        o => o with
        {
            Mode = mode,
            Service = o.Service with { TrustedProxies = proxies ?? [] },
            Participants = o.Participants with { RequestsPerMinute = perMinute },
        },
        _time);

    private static Task<Answer> StatusFromAsync(ParticipantWorld world, string forwardedFor) =>
        world.Rest.SendAsync(null, "GET", $"/api/v1/sessions/{world.Code}/status", null, ("X-Forwarded-For", forwardedFor));

    private static async Task<(int Code, string Reason)> ClosedAsync(ParticipantWorld world, string path)
    {
        await using var client = await FaceClient.OpenAsync(world.Server, path);
        return await client.ClosedAsync();
    }
}
