using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Chat.Host.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Chat.Host.Auth;

/// <summary>Turns a JWT into an identity, or says why not. Never throws for what a client sent.</summary>
public sealed class TokenReader
{
    /// <summary>Characters; an honest token has a few hundred.</summary>
    public const int MaxLength = 8192;

    /// <summary>Development only: proves <see cref="TestUser"/> without any signature.</summary>
    public const string TestToken = "test-token";

    public const string TestUser = "test-user";

    private static readonly TimeSpan MaxSkew = TimeSpan.FromSeconds(30);
    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private readonly JsonWebTokenHandler _handler = new();
    private readonly IKeySource _keys;
    private readonly TimeProvider _clock;
    private readonly string _algorithm;
    private readonly TimeSpan _skew;
    private readonly bool _development;

    internal TokenReader(JwtOptions options, IKeySource keys, TimeProvider clock, bool development)
    {
        if (options.Algorithm is not ("HS256" or "RS256" or "ES256"))
            throw new ArgumentException("The algorithm is one of HS256, RS256 and ES256.", nameof(options));
        _keys = keys;
        _clock = clock;
        _algorithm = options.Algorithm;
        _skew = SkewOf(options);
        _development = development;
    }

    /// <summary>Completes at once except where a key set has to be read first.</summary>
    public async ValueTask<IdentityResult> ReadAsync(string? token, CancellationToken cancellation = default)
    {
        if (_development && token == TestToken)
            return IdentityResult.Accepted(new(TestUser, TestUser, Roles.None, _clock.GetUtcNow().AddDays(30)));
        if (token is null || token.Length > MaxLength || !TrySplit(token, out var header, out var payload))
            return IdentityResult.Refused("The token is malformed.");
        if (!TryReadHeader(token.AsSpan(header), out var kid))
            return IdentityResult.Refused("The token's header is not one that is taken here.");

        if (await _keys.FindAsync(kid, cancellation) is not { } keys)
            return IdentityResult.Unavailable("Tokens cannot be checked now.");
        var refusal = "The token's key is not known.";
        foreach (var key in keys)
        {
            var result = _handler.ValidateToken(token, key.Parameters);
            if (result.IsValid)
                return TokenClaims.Read(token.AsSpan(payload), _clock.GetUtcNow(), _skew);
            refusal = ReasonOf(result.Exception);
        }
        return IdentityResult.Refused(refusal);
    }

    /// <summary>Never more than 30 s, whatever is configured.</summary>
    internal static TimeSpan SkewOf(JwtOptions options) =>
        TimeSpan.FromTicks(Math.Clamp(options.ClockSkew.Ticks, 0, MaxSkew.Ticks));

    private static string ReasonOf(Exception fault) => fault switch
    {
        SecurityTokenInvalidSignatureException => "The token's signature is not valid.",
        SecurityTokenInvalidIssuerException => "The token is from another issuer.",
        SecurityTokenInvalidAudienceException => "The token is for another audience.",
        _ => "The token is malformed.",
    };

    /// <summary>Three parts of base64url: what comes with two or five parts, or without a signature, is no signed token.</summary>
    private static bool TrySplit(string token, out Range header, out Range payload)
    {
        Span<Range> parts = stackalloc Range[4];
        var count = token.AsSpan().Split(parts, '.');
        (header, payload) = (parts[0], parts[1]);
        if (count != 3)
            return false;
        foreach (var part in parts[..3])
        {
            var text = token.AsSpan(part);
            if (text.IsEmpty || text.ContainsAnyExcept(Alphabet))
                return false;
        }
        return true;
    }

    /// <summary>
    /// The algorithm must be the configured one, before any key is looked at. <c>crit</c> names extensions that a reader must
    /// understand (RFC 7515, 4.1.11); none is understood here, and the library does not look.
    /// </summary>
    private bool TryReadHeader(ReadOnlySpan<char> encoded, out string? kid)
    {
        kid = null;
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(encoded), new JsonDocumentOptions { MaxDepth = 8 });
            var header = document.RootElement;
            if (header.ValueKind != JsonValueKind.Object
                || !header.TryGetProperty("alg", out var algorithm)
                || !algorithm.ValueEquals(_algorithm)
                || header.TryGetProperty("crit", out _))
                return false;
            if (header.TryGetProperty("kid", out var named))
                kid = named.GetString();
            return true;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }
}
