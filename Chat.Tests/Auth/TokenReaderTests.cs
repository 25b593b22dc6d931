using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Auth;

public class TokenReaderTests
{
    private static readonly JwtOptions Options = new() { SecretKey = TokenForge.Secret };

    private readonly TestClock _clock = new();

    public static TheoryData<string> Malformed =>
    [
        "",
        " ",
        ".",
        "..",
        "...",
        "a.b.c",
        "test-token",
        "Bearer x",
        "e30.e30.",
        "e30.e30.AA",
        "W10.W10.AA",
        "bnVsbA.bnVsbA.AA",
        "\ud800.\ud800.\ud800",
        "e30 .e30.AA",
        $"{TokenForge.Encode("""{"alg":5}""")}.e30.AA",
        $"{TokenForge.Encode("""{"alg":"\ud800"}""")}.e30.AA",
        $"{TokenForge.Encode("""{"\ud800":1,"alg":"HS256"}""")}.e30.AA",
        $"{TokenForge.Encode("""{"alg":"HS256","kid":7}""")}.e30.AA",
        $"{TokenForge.Encode(new string('[', 5000))}.e30.AA",
        new string('a', 9000),
        new string('.', 9000),
        "a.b.c.d.e",
    ];

    /// <summary>Each is signed as it should be: what is wrong is what it says.</summary>
    public static TheoryData<string> BadClaims =>
    [
        """{"exp":4000000000}""",
        """{"sub":null,"exp":4000000000}""",
        """{"sub":"","exp":4000000000}""",
        """{"sub":"  ","exp":4000000000}""",
        """{"sub":1.5,"exp":4000000000}""",
        """{"sub":["kim"],"exp":4000000000}""",
        """{"sub":"a\nb","exp":4000000000}""",
        """{"sub":"a\u0000","exp":4000000000}""",
        """{"sub":"a\u0085","exp":4000000000}""",
        """{"sub":"\ud800","exp":4000000000}""",
        $$"""{"sub":"{{new string('가', 101)}}","exp":4000000000}""",
        """{"sub":"kim"}""",
        """{"sub":"kim","exp":null}""",
        """{"sub":"kim","exp":"4000000000"}""",
        """{"sub":"kim","exp":-1}""",
        """{"sub":"kim","exp":1e300}""",
        """{"sub":"kim","exp":4000000000,"nbf":"later"}""",
        """{"sub":"kim","exp":4000000000,"nbf":3999999999}""",
        """["sub","kim"]""",
        """{"sub":"kim","exp":4000000000""",
        "not json",
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_no_token_is_refused(string token) => await Refused(Reader().ReadAsync(token));

    [Theory]
    [MemberData(nameof(BadClaims))]
    public async Task Claims_that_prove_nothing_are_refused(string payload) =>
        await Refused(Reader().ReadAsync(TokenForge.Hs256(payload)));

    [Fact]
    public async Task No_token_is_refused() => await Refused(Reader().ReadAsync(null));

    [Fact]
    public async Task A_good_token_proves_its_identity()
    {
        var expires = _clock.Now.AddMinutes(5);
        var token = TokenForge.Hs256(TokenForge.Payload(expires, ""","name":"김철수","roles":["admin","other"]"""));

        var result = await Reader().ReadAsync(token);

        Assert.True(result.IsAccepted(out var identity), result.Reason);
        Assert.Equal(new Identity("kim", "김철수", Roles.Admin, DateTimeOffset.FromUnixTimeSeconds(expires.ToUnixTimeSeconds())), identity);
        Assert.True(identity.IsAdmin);
        Assert.False(identity.IsAgent);
    }

    [Theory]
    [InlineData(""","roles":"agent" """, Roles.Agent)]
    [InlineData(""","roles":"admin agent" """, Roles.Admin | Roles.Agent)]
    [InlineData(""","roles":["agent","admin"]""", Roles.Admin | Roles.Agent)]
    [InlineData(""","roles":["Admin","administrator",1,null,{}]""", Roles.None)]
    [InlineData(""","roles":{"admin":true}""", Roles.None)]
    [InlineData("", Roles.None)]
    public async Task Roles_are_an_array_or_a_string(string claim, Roles expected)
    {
        var result = await Reader().ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1), claim)));
        Assert.Equal(expected, result.Identity!.Roles);
    }

    [Theory]
    [InlineData(""","name":"" """, "kim")]
    [InlineData(""","name":7""", "kim")]
    [InlineData(""","name":"a\u0007b" """, "kim")]
    [InlineData(""","name":"Kim" """, "Kim")]
    public async Task A_name_that_cannot_be_shown_gives_way_to_the_user_id(string claim, string expected)
    {
        var result = await Reader().ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1), claim)));
        Assert.Equal(expected, result.Identity!.Name);
    }

    [Fact]
    public async Task A_long_name_is_cut_between_characters()
    {
        var claim = $""","name":"{string.Concat(Enumerable.Repeat("😀", 101))}" """;
        var result = await Reader().ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1), claim)));
        Assert.Equal(string.Concat(Enumerable.Repeat("😀", 100)), result.Identity!.Name);
    }

    [Fact]
    public async Task A_numbered_user_is_known_by_the_digits()
    {
        var result = await Reader().ReadAsync(TokenForge.Hs256("""{"sub":42,"exp":4000000000}"""));
        Assert.Equal("42", result.Identity!.UserId);
    }

    [Theory]
    [InlineData(-29, true)]
    [InlineData(-30, false)]
    [InlineData(-3600, false)]
    [InlineData(0, true)]
    public async Task A_token_lives_past_its_end_for_the_skew_only(int seconds, bool accepted)
    {
        // More skew than is ever allowed.
        var reader = Reader(Options with { ClockSkew = TimeSpan.FromHours(1) });
        var result = await reader.ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddSeconds(seconds))));
        Assert.Equal(accepted, result.IsAccepted(out _));
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(31, false)]
    public async Task A_token_begins_before_its_time_for_the_skew_only(int seconds, bool accepted)
    {
        var from = _clock.Now.AddSeconds(seconds).ToUnixTimeSeconds();
        var result = await Reader().ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1), $""","nbf":{from}""")));
        Assert.Equal(accepted, result.IsAccepted(out _));
    }

    [Fact]
    public async Task The_header_does_not_choose_the_algorithm()
    {
        var payload = TokenForge.Payload(_clock.Now.AddHours(1));
        var secret = Encoding.UTF8.GetBytes(TokenForge.Secret);
        string[] forged =
        [
            TokenForge.Sign("""{"alg":"none"}""", payload, _ => []),
            TokenForge.Sign("""{"alg":"none"}""", payload, _ => [1]),
            TokenForge.Hs256(payload, header: """{"alg":"none"}"""),
            TokenForge.Hs256(payload, header: """{"alg":"hs256"}"""),
            TokenForge.Hs256(payload, header: """{"alg":"RS256"}"""),
            TokenForge.Hs256(payload, header: """{"typ":"JWT"}"""),
            TokenForge.Hs256(payload, header: """{"alg":["HS256"]}"""),
            TokenForge.Sign("""{"alg":"HS512"}""", payload, data => HMACSHA512.HashData(secret, data)),
            TokenForge.Sign("""{"alg":"HS256"}""", payload, data => HMACSHA512.HashData(secret, data)),
            TokenForge.Sign("""{"alg":"HS256"}""", payload, data => HMACSHA256.HashData(secret, data)[..16]),
            TokenForge.Hs256(payload, header: """{"alg":"HS256","crit":["b64"],"b64":false}"""),
        ];
        foreach (var token in forged)
            await Refused(Reader().ReadAsync(token));
    }

    [Fact]
    public async Task A_changed_token_is_refused()
    {
        var token = TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1)));
        var parts = token.Split('.');
        await Refused(Reader().ReadAsync($"{parts[0]}.{TokenForge.Encode("""{"sub":"admin","exp":4000000000}""")}.{parts[2]}"));
        await Refused(Reader().ReadAsync(TokenForge.Hs256("""{"sub":"kim","exp":4000000000}""", secret: "another-secret-of-thirty-two-bytes-")));
        await Refused(Reader().ReadAsync(token + "." + parts[1]));
        await Refused(Reader().ReadAsync(token + "=="));
        Assert.True((await Reader().ReadAsync(token)).IsAccepted(out _));
    }

    [Theory]
    [InlineData(""","iss":"users","aud":"chat" """, true)]
    [InlineData(""","iss":"users","aud":["x","chat"]""", true)]
    [InlineData(""","iss":"others","aud":"chat" """, false)]
    [InlineData(""","iss":"users","aud":"mail" """, false)]
    [InlineData(""","iss":"users" """, false)]
    [InlineData(""","aud":"chat" """, false)]
    public async Task Issuer_and_audience_are_checked_where_they_are_configured(string claims, bool accepted)
    {
        var reader = Reader(Options with { Issuer = "users", Audience = "chat" });
        var result = await reader.ReadAsync(TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1), claims)));
        Assert.Equal(accepted, result.IsAccepted(out _));
    }

    [Theory]
    [InlineData(JwtOptions.DefaultSecretKey)]
    [InlineData("short")]
    public async Task The_seeds_secret_and_a_short_one_work(string secret)
    {
        var token = TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1)), secret);
        Assert.True((await Reader(Options with { SecretKey = secret }).ReadAsync(token)).IsAccepted(out _));
    }

    [Fact]
    public async Task The_test_token_works_in_development_only()
    {
        var result = await Reader(development: true).ReadAsync("test-token");
        Assert.Equal("test-user", result.Identity!.UserId);
        await Refused(Reader().ReadAsync("test-token"));
    }

    [Fact]
    public async Task A_reason_never_holds_the_token()
    {
        foreach (var payload in BadClaims)
        {
            var token = TokenForge.Hs256(payload);
            var reason = (await Reader().ReadAsync(token)).Reason!;
            Assert.DoesNotContain(token.Split('.'), part => reason.Contains(part, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void No_text_makes_it_throw()
    {
        var reader = Reader();
        Check.QuickThrowOnFailure(Prop.ForAll((string text) => Fails(reader, text)));
        Check.QuickThrowOnFailure(Prop.ForAll((string header, string payload) => Fails(reader, $"{Encoded(header)}.{Encoded(payload)}.AA")));
        Check.QuickThrowOnFailure(Prop.ForAll((string payload) => Fails(reader, TokenForge.Hs256(payload ?? ""))));
        Check.QuickThrowOnFailure(Prop.ForAll((byte[] header) => Fails(reader, $"{Base64Url.EncodeToString(header ?? [])}.e30.AA")));
    }

    [Fact]
    public void Many_readers_at_once_agree()
    {
        var reader = Reader();
        var good = TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1)));
        var bad = TokenForge.Hs256(TokenForge.Payload(_clock.Now.AddHours(1)), "another-secret-of-thirty-two-bytes-");
        Parallel.For(0, 2000, i => Assert.Equal(i % 2 == 0, !Fails(reader, i % 2 == 0 ? good : bad)));
    }

    private static string Encoded(string? text) => TokenForge.Encode(text ?? "");

    private static bool Fails(TokenReader reader, string? token)
    {
        var reading = reader.ReadAsync(token).AsTask();
        Assert.True(reading.IsCompletedSuccessfully);
        return reading.Result.Outcome == IdentityOutcome.Refused;
    }

    private static async Task Refused(ValueTask<IdentityResult> reading) =>
        Assert.Equal(IdentityOutcome.Refused, (await reading).Outcome);

    private TokenReader Reader(JwtOptions? options = null, bool development = false) =>
        new(options ?? Options, new SecretKeySource(options ?? Options), _clock, development);
}
