using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Chat.Host.Configuration;

namespace Chat.Host.Auth;

/// <summary>
/// Short-lived stand-ins for a token, good once, for addresses. A ticket is base64url of an HMAC-SHA256 and the JSON under it; its key is
/// derived from the secret under a label of its own, so no ticket is ever a token, nor the reverse.
/// </summary>
public sealed class Tickets(JwtOptions options, ITicketLedger ledger, TimeProvider clock)
{
    /// <summary>Characters: two texts of 100 scalar values, escaped, and the rest.</summary>
    private const int MaxLength = 4096;

    private const int MacLength = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.SecretKey), 32, info: "chat ticket 1"u8.ToArray());

    private readonly TimeSpan _skew = TokenReader.SkewOf(options);

    public TimeSpan Lifetime => options.TicketLifetime;

    public string Issue(Identity identity)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("id", Guid.NewGuid());
            json.WriteString("sub", identity.UserId);
            json.WriteString("name", identity.Name);
            json.WriteNumber("roles", (int)identity.Roles);
            json.WriteNumber("token_exp", identity.ExpiresAt.ToUnixTimeMilliseconds());
            json.WriteNumber("exp", (clock.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }
        var ticket = new byte[MacLength + body.WrittenCount];
        HMACSHA256.HashData(_key, body.WrittenSpan, ticket);
        body.WrittenSpan.CopyTo(ticket.AsSpan(MacLength));
        return Base64Url.EncodeToString(ticket);
    }

    /// <summary>Uses the ticket up: the second of two calls is refused. Never throws for what a client sent.</summary>
    public async ValueTask<IdentityResult> RedeemAsync(string? ticket, CancellationToken cancellation = default)
    {
        if (Open(ticket) is not { } content)
            return IdentityResult.Refused("The ticket is not valid.");
        var now = clock.GetUtcNow();
        if (content.Expires <= now || now - _skew >= content.Identity.ExpiresAt)
            return IdentityResult.Refused("The ticket has expired.");
        return await ledger.TryUseAsync(content.Id, content.Expires, cancellation)
            ? IdentityResult.Accepted(content.Identity)
            : IdentityResult.Refused("The ticket has been used.");
    }

    private (Guid Id, DateTimeOffset Expires, Identity Identity)? Open(string? ticket)
    {
        if (ticket is null || ticket.Length > MaxLength || !Base64Url.IsValid(ticket, out var length) || length <= MacLength)
            return null;
        var bytes = Base64Url.DecodeFromChars(ticket);
        var body = bytes.AsMemory(MacLength);
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_key, body.Span), bytes.AsSpan(0, MacLength)))
            return null;

        // Under a valid MAC: this server wrote it, and a fault from here on is a bug.
        using var document = JsonDocument.Parse(body);
        var json = document.RootElement;
        return (
            json.GetProperty("id").GetGuid(),
            DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("exp").GetInt64()),
            new Identity(
                json.GetProperty("sub").GetString()!,
                json.GetProperty("name").GetString()!,
                (Roles)json.GetProperty("roles").GetInt32(),
                DateTimeOffset.FromUnixTimeMilliseconds(json.GetProperty("token_exp").GetInt64())));
    }
}
