using System.Collections.Concurrent;
using System.Security.Cryptography;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Auth;

public sealed class JwksKeySourceTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly RSA _first = RSA.Create(2048);
    private readonly RSA _second = RSA.Create(2048);
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ConcurrentBag<IDisposable> _sources = [];
    private int _readings;

    public void Dispose()
    {
        foreach (var source in _sources)
            source.Dispose();
        _first.Dispose();
        _second.Dispose();
        _curve.Dispose();
    }

    [Fact]
    public async Task Tokens_of_rsa_and_of_elliptic_keys_are_read()
    {
        Assert.True(await Accepts(Reader(() => TokenForge.KeySet(TokenForge.Jwk(_first, "a"))), Rs(_first, "a")));
        var es = TokenForge.Es256(TokenForge.Payload(_clock.Now.AddHours(1)), _curve, """{"alg":"ES256","kid":"e"}""");
        Assert.True(await Accepts(Reader(() => TokenForge.KeySet(TokenForge.Jwk(_curve, "e")), "ES256"), es));
        Assert.False(await Accepts(Reader(() => TokenForge.KeySet(TokenForge.Jwk(_curve, "e"))), es));
    }

    [Fact]
    public async Task A_public_key_is_no_secret_to_sign_with()
    {
        var reader = Reader(() => TokenForge.KeySet(TokenForge.Jwk(_first, "a")));
        var payload = TokenForge.Payload(_clock.Now.AddHours(1));
        foreach (var secret in new[] { _first.ExportSubjectPublicKeyInfoPem(), _first.ExportRSAPublicKeyPem(), TokenForge.Secret })
            foreach (var algorithm in new[] { "HS256", "RS256", "none" })
                Assert.False(await Accepts(reader, TokenForge.Hs256(payload, secret, $$"""{"alg":"{{algorithm}}","kid":"a"}""")));
    }

    [Fact]
    public async Task A_set_may_hold_keys_that_are_of_no_use()
    {
        using var weak = RSA.Create(1024);
        var reader = Reader(() => TokenForge.KeySet(
            "7", "{}", """{"kty":"oct","kid":"o","k":"AAAA"}""", """{"kty":"RSA","kid":"a","n":"!","e":"AQAB"}""", """{"kty":"RSA","kid":5}""",
            """{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA"}""",
            TokenForge.Jwk(weak, "w"), TokenForge.Jwk(_second, "u", ""","use":"enc" """), TokenForge.Jwk(_second, "v", ""","alg":"RS512" """),
            TokenForge.Jwk(_first, "a")));
        Assert.True(await Accepts(reader, Rs(_first, "a")));
        Assert.False(await Accepts(reader, Rs(weak, "w")));
        Assert.False(await Accepts(reader, Rs(_second, "u")));
        Assert.False(await Accepts(reader, Rs(_second, "v")));
    }

    [Fact]
    public async Task A_token_without_key_id_is_tried_against_all()
    {
        var reader = Reader(() => TokenForge.KeySet(TokenForge.Jwk(_first, "a"), TokenForge.Jwk(_second, "b")));
        var token = TokenForge.Rs256(TokenForge.Payload(_clock.Now.AddHours(1)), _second, """{"alg":"RS256"}""");
        Assert.True(await Accepts(reader, token));
        Assert.False(await Accepts(reader, Rs(_second, "a")));
    }

    [Fact]
    public async Task A_new_key_is_found_when_it_is_first_named()
    {
        var set = TokenForge.KeySet(TokenForge.Jwk(_first, "a"));
        var reader = Reader(() => set);
        Assert.True(await Accepts(reader, Rs(_first, "a")));

        set = TokenForge.KeySet(TokenForge.Jwk(_second, "b"));
        _clock.Advance(JwksKeySource.Pause);
        Assert.True(await Accepts(reader, Rs(_second, "b")));
        Assert.False(await Accepts(reader, Rs(_first, "a")));
    }

    [Fact]
    public async Task A_key_id_that_is_used_again_stands_for_the_new_key()
    {
        var set = TokenForge.KeySet(TokenForge.Jwk(_first, "a"));
        var reader = Reader(() => set);
        Assert.True(await Accepts(reader, Rs(_first, "a")));

        set = TokenForge.KeySet(TokenForge.Jwk(_second, "a"));
        _clock.Advance(JwksKeySource.RefreshAfter * 2);
        await Accepts(reader, Rs(_second, "unknown"));
        Assert.True(await Accepts(reader, Rs(_second, "a")));
        Assert.False(await Accepts(reader, Rs(_first, "a")));
    }

    [Fact]
    public async Task Invented_key_ids_do_not_make_it_read_on_and_on()
    {
        var reader = Reader(() => TokenForge.KeySet(TokenForge.Jwk(_first, "a")));
        for (var i = 0; i < 50; i++)
            Assert.False(await Accepts(reader, Rs(_second, $"invented{i}")));
        Assert.Equal(1, _readings);

        _clock.Advance(JwksKeySource.Pause);
        for (var i = 0; i < 50; i++)
            Assert.False(await Accepts(reader, Rs(_second, $"invented{i}")));
        Assert.Equal(2, _readings);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("<html>")]
    [InlineData(null)]
    public async Task Keys_stay_in_force_while_the_set_cannot_be_read(string? answer)
    {
        var set = TokenForge.KeySet(TokenForge.Jwk(_first, "a"));
        var reader = Reader(() => set ?? throw new HttpRequestException("down"));
        Assert.True(await Accepts(reader, Rs(_first, "a")));

        set = answer;
        _clock.Advance(JwksKeySource.RefreshAfter * 2);
        // An unknown key waits for the reading to fail.
        Assert.False(await Accepts(reader, Rs(_second, "b")));
        Assert.Equal(2, _readings);
        Assert.True(await Accepts(reader, TokenForge.Rs256(TokenForge.Payload(_clock.Now.AddHours(1)), _first, """{"alg":"RS256","kid":"a"}""")));
    }

    [Fact]
    public async Task Before_any_set_could_be_read_nothing_is_decided()
    {
        string? set = null;
        var reader = Reader(() => set ?? throw new IOException("down"));
        Assert.Equal(IdentityOutcome.Unavailable, (await reader.ReadAsync(Rs(_first, "a"))).Outcome);
        Assert.Equal(IdentityOutcome.Refused, (await reader.ReadAsync("garbage")).Outcome);

        set = TokenForge.KeySet(TokenForge.Jwk(_first, "a"));
        _clock.Advance(JwksKeySource.Pause);
        Assert.True(await Accepts(reader, Rs(_first, "a")));
    }

    [Fact]
    public async Task Callers_at_once_share_one_reading()
    {
        var answer = new TaskCompletionSource<string>();
        var reader = Reader(JwtOf("RS256"), _ => answer.Task);
        var asking = Enumerable.Range(0, 20).Select(_ => reader.ReadAsync(Rs(_first, "a")).AsTask()).ToList();
        answer.SetResult(TokenForge.KeySet(TokenForge.Jwk(_first, "a")));
        Assert.All(await Task.WhenAll(asking), result => Assert.True(result.IsAccepted(out _), result.Reason));
        Assert.Equal(1, _readings);
    }

    [Fact]
    public async Task A_set_comes_from_a_file_too()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, TokenForge.KeySet(TokenForge.Jwk(_first, "a")));
            foreach (var place in new[] { path, new Uri(path).AbsoluteUri })
                Assert.True(await Accepts(Reader(JwtOf("RS256"), JwksReader.From(place)), Rs(_first, "a")));
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Throws<ArgumentException>(() => JwksReader.From("ftp://example.com/keys"));
    }

    [Fact]
    public async Task A_set_comes_from_an_address()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var issuer = builder.Build();
        issuer.MapGet("/keys", () => TokenForge.KeySet(TokenForge.Jwk(_first, "a")));
        issuer.MapGet("/huge", () => new string(' ', 1_000_000));
        await issuer.StartAsync();

        Assert.True(await Accepts(Reader(JwtOf("RS256"), JwksReader.From(issuer.Urls.First() + "/keys")), Rs(_first, "a")));
        foreach (var path in new[] { "/huge", "/nowhere" })
        {
            var reader = Reader(JwtOf("RS256"), JwksReader.From(issuer.Urls.First() + path));
            Assert.Equal(IdentityOutcome.Unavailable, (await reader.ReadAsync(Rs(_first, "a"))).Outcome);
        }
    }

    private static JwtOptions JwtOf(string algorithm) => new() { Algorithm = algorithm, SecretKey = TokenForge.Secret };

    private static async Task<bool> Accepts(TokenReader reader, string token) => (await reader.ReadAsync(token)).IsAccepted(out _);

    private string Rs(RSA key, string kid) =>
        TokenForge.Rs256(TokenForge.Payload(_clock.Now.AddHours(1)), key, $$"""{"alg":"RS256","kid":"{{kid}}"}""");

    private TokenReader Reader(Func<string> set, string algorithm = "RS256") =>
        Reader(JwtOf(algorithm), _ => Task.FromResult(set()));

    private TokenReader Reader(JwtOptions options, Func<CancellationToken, Task<string>> read)
    {
        var source = new JwksKeySource(
            options,
            cancellation =>
            {
                Interlocked.Increment(ref _readings);
                return read(cancellation);
            },
            _clock,
            NullLogger<JwksKeySource>.Instance);
        _sources.Add(source);
        return new TokenReader(options, source, _clock, development: false);
    }
}
