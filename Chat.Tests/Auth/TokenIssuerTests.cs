using Chat.Host.Auth;
using Chat.Host.Configuration;

namespace Chat.Tests.Auth;

public class TokenIssuerTests
{
    private readonly TestClock _clock = new();

    [Theory]
    [InlineData(null, null)]
    [InlineData("users", "chat")]
    public async Task Its_tokens_are_taken_back(string? issuer, string? audience)
    {
        var options = new JwtOptions { Issuer = issuer, Audience = audience };
        var reader = new TokenReader(options, new SecretKeySource(options), _clock, development: false);

        var token = new TokenIssuer(options, _clock).Issue("kim", "김 \"철수\"", Roles.Admin | Roles.Agent, TimeSpan.FromMinutes(1));

        var result = await reader.ReadAsync(token);
        Assert.True(result.IsAccepted(out var identity), result.Reason);
        Assert.Equal(new Identity("kim", "김 \"철수\"", Roles.Admin | Roles.Agent, _clock.Now.AddMinutes(1)), identity);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.False((await reader.ReadAsync(token)).IsAccepted(out _));
    }

    [Fact]
    public void It_makes_nothing_that_would_be_refused()
    {
        Assert.Throws<ArgumentException>(() => new TokenIssuer(new JwtOptions(), _clock).Issue("a\nb", null, Roles.None, TimeSpan.FromHours(1)));
        var other = new TokenIssuer(new JwtOptions { Algorithm = "RS256" }, _clock);
        Assert.False(other.CanIssue);
        Assert.Throws<InvalidOperationException>(() => other.Issue("kim", null, Roles.None, TimeSpan.FromHours(1)));
    }
}
