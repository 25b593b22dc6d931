using System.Buffers;
using System.Text;
using System.Text.Json;
using Chat.Host.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Chat.Host.Auth;

/// <summary>Makes HS256 tokens with the configured secret, for the development endpoint and the command line.</summary>
public sealed class TokenIssuer(JwtOptions options, TimeProvider clock)
{
    // The library would put in times of the system clock.
    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials = new(VerificationKey.OfSecret(options.SecretKey), SecurityAlgorithms.HmacSha256);

    /// <summary>False where tokens are RS256 or ES256: their private key lives elsewhere.</summary>
    public bool CanIssue => options.Algorithm == "HS256";

    /// <exception cref="ArgumentException">The user id is not one that would be taken back.</exception>
    public string Issue(string userId, string? name, Roles roles, TimeSpan lifetime)
    {
        if (!CanIssue)
            throw new InvalidOperationException("Only HS256 tokens can be made here.");
        if (!Identity.IsUserId(userId))
            throw new ArgumentException("The user id is empty, too long or holds control characters.", nameof(userId));

        var now = clock.GetUtcNow();
        var payload = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(payload))
        {
            json.WriteStartObject();
            json.WriteString("sub", userId);
            if (name is not null)
                json.WriteString("name", name);
            json.WriteStartArray("roles");
            foreach (var role in RoleNames.Of(roles))
                json.WriteStringValue(role);
            json.WriteEndArray();
            json.WriteNumber("iat", now.ToUnixTimeSeconds());
            json.WriteNumber("exp", (now + lifetime).ToUnixTimeSeconds());
            if (options.Issuer is not null)
                json.WriteString("iss", options.Issuer);
            if (options.Audience is not null)
                json.WriteString("aud", options.Audience);
            json.WriteEndObject();
        }
        return _handler.CreateToken(Encoding.UTF8.GetString(payload.WrittenSpan), _credentials);
    }
}
