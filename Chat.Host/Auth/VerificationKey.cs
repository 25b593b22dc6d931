using System.Text;
using Chat.Host.Configuration;
using Microsoft.IdentityModel.Tokens;

namespace Chat.Host.Auth;

/// <summary>One key that may have signed a token, with everything the handler is to check by it.</summary>
internal sealed record VerificationKey(string? Kid, TokenValidationParameters Parameters)
{
    public static VerificationKey Of(SecurityKey key, JwtOptions options)
    {
        // The library's default factory is one static cache for the whole process: a rotated key must not meet its predecessor there.
        key.CryptoProviderFactory = new CryptoProviderFactory();
        return new(key.KeyId, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            RequireSignedTokens = true,
            ValidateIssuer = options.Issuer is not null,
            ValidIssuer = options.Issuer,
            ValidateAudience = options.Audience is not null,
            ValidAudience = options.Audience,
            // Times are TokenClaims' matter: the library asks the system clock.
            ValidateLifetime = false,
            RequireExpirationTime = false,
        });
    }

    /// <summary>
    /// The key of HS256. HMAC fills a key up to its block with zeros, so the padding changes no signature; without it
    /// the library refuses keys under 16 bytes, which development may have (production asks for 32).
    /// </summary>
    public static SymmetricSecurityKey OfSecret(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        if (bytes.Length < 32)
            Array.Resize(ref bytes, 32);
        return new SymmetricSecurityKey(bytes);
    }
}
