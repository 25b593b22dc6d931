using System.Buffers.Text;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Auth;

public class TicketsTests
{
    private static readonly JwtOptions Options = new() { SecretKey = TokenForge.Secret };

    private readonly TestClock _clock = new();

    [Fact]
    public async Task A_ticket_is_good_once()
    {
        var tickets = Make();
        var ticket = tickets.Issue(Kim());

        Assert.Equal(Kim(), (await tickets.RedeemAsync(ticket)).Identity);
        Assert.Equal(IdentityOutcome.Refused, (await tickets.RedeemAsync(ticket)).Outcome);
        Assert.True((await tickets.RedeemAsync(tickets.Issue(Kim()))).IsAccepted(out _));
    }

    [Fact]
    public async Task Of_many_uses_at_once_exactly_one_wins()
    {
        var tickets = Make();
        for (var round = 0; round < 50; round++)
        {
            var ticket = tickets.Issue(Kim());
            var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await tickets.RedeemAsync(ticket))));
            Assert.Single(results, result => result.IsAccepted(out _));
        }
    }

    [Fact]
    public async Task A_ticket_ends_with_its_time()
    {
        var tickets = Make();
        var ticket = tickets.Issue(Kim());
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(IdentityOutcome.Refused, (await tickets.RedeemAsync(ticket)).Outcome);
    }

    [Fact]
    public async Task A_ticket_does_not_outlive_its_token()
    {
        var tickets = Make(Options with { ClockSkew = TimeSpan.Zero });
        var ticket = tickets.Issue(Kim() with { ExpiresAt = _clock.Now.AddSeconds(10) });
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(IdentityOutcome.Refused, (await tickets.RedeemAsync(ticket)).Outcome);
    }

    [Fact]
    public async Task Every_changed_byte_spoils_a_ticket()
    {
        var tickets = Make();
        var ticket = tickets.Issue(Kim());
        var bytes = Base64Url.DecodeFromChars(ticket);
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= 1;
            Assert.Equal(IdentityOutcome.Refused, (await tickets.RedeemAsync(Base64Url.EncodeToString(changed))).Outcome);
        }
        Assert.Equal(IdentityOutcome.Refused, (await tickets.RedeemAsync(ticket[..^4])).Outcome);
        Assert.True((await tickets.RedeemAsync(ticket)).IsAccepted(out _));
    }

    [Fact]
    public async Task A_ticket_of_another_secret_is_refused()
    {
        var ticket = Make(Options with { SecretKey = "another-secret-of-thirty-two-bytes-" }).Issue(Kim());
        Assert.Equal(IdentityOutcome.Refused, (await Make().RedeemAsync(ticket)).Outcome);
    }

    [Fact]
    public async Task A_ticket_is_no_token_and_a_token_no_ticket()
    {
        var reader = new TokenReader(Options, new SecretKeySource(Options), _clock, development: false);
        var token = new TokenIssuer(Options, _clock).Issue("kim", null, Roles.None, TimeSpan.FromHours(1));
        Assert.Equal(IdentityOutcome.Refused, (await reader.ReadAsync(Make().Issue(Kim()))).Outcome);
        Assert.Equal(IdentityOutcome.Refused, (await Make().RedeemAsync(token)).Outcome);
    }

    [Fact]
    public async Task The_longest_identity_fits()
    {
        var long100 = string.Concat(Enumerable.Repeat("😀", 100));
        var identity = new Identity(long100, long100, Roles.Admin, _clock.Now.AddHours(1));
        Assert.Equal(identity, (await Make().RedeemAsync(Make().Issue(identity))).Identity);
    }

    [Fact]
    public void No_text_makes_it_throw()
    {
        var tickets = Make();
        Check.QuickThrowOnFailure(Prop.ForAll((string text) => Refuses(tickets, text)));
        Check.QuickThrowOnFailure(Prop.ForAll((byte[] bytes) => Refuses(tickets, Base64Url.EncodeToString([.. new byte[32], .. bytes ?? []]))));
    }

    private static bool Refuses(Tickets tickets, string? text) => tickets.RedeemAsync(text).AsTask().Result.Outcome == IdentityOutcome.Refused;

    private static Identity Kim() => new("kim", "김철수", Roles.Agent, new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero));

    private Tickets Make(JwtOptions? options = null) =>
        new(options ?? Options, new MemoryTicketLedger(Options.TicketLifetime, _clock), _clock);
}
