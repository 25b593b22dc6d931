using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Chat.Host.Auth;

/// <summary>The claims of a token whose signature has been checked.</summary>
internal static class TokenClaims
{
    /// <summary>9999-12-31T23:59:59Z, the last second that a <see cref="DateTimeOffset"/> holds.</summary>
    private const double LastSecond = 253_402_300_799;

    public static IdentityResult Read(ReadOnlySpan<char> encoded, DateTimeOffset now, TimeSpan skew)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(encoded));
            return Read(document.RootElement, now, skew);
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            return IdentityResult.Refused("The token is malformed.");
        }
    }

    private static IdentityResult Read(JsonElement claims, DateTimeOffset now, TimeSpan skew)
    {
        if (claims.ValueKind != JsonValueKind.Object)
            return IdentityResult.Refused("The token is malformed.");
        if (!claims.TryGetProperty("sub", out var sub) || Subject(sub) is not { } userId)
            return IdentityResult.Refused("The token names no usable sub.");
        if (!claims.TryGetProperty("exp", out var exp) || Time(exp) is not { } expires)
            return IdentityResult.Refused("The token has no usable exp.");
        // Subtracting from now, because exp may be the last second there is.
        if (now - skew >= expires)
            return IdentityResult.Refused("The token has expired.");
        if (claims.TryGetProperty("nbf", out var nbf) && nbf.ValueKind != JsonValueKind.Null
            && (Time(nbf) is not { } from || now + skew < from))
            return IdentityResult.Refused("The token is not valid yet.");

        var name = claims.TryGetProperty("name", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        var roles = claims.TryGetProperty("roles", out var held) ? RolesOf(held) : Roles.None;
        return IdentityResult.Accepted(new(userId, Identity.NameOr(name, userId), roles, expires));
    }

    /// <summary>A string; or a whole number, which some issuers write for users that a database numbers.</summary>
    private static string? Subject(JsonElement sub)
    {
        var userId = sub.ValueKind switch
        {
            JsonValueKind.String => sub.GetString(),
            JsonValueKind.Number when sub.TryGetInt64(out var number) => number.ToString(CultureInfo.InvariantCulture),
            _ => null,
        };
        return Identity.IsUserId(userId) ? userId : null;
    }

    private static DateTimeOffset? Time(JsonElement claim) =>
        claim.ValueKind == JsonValueKind.Number && claim.TryGetDouble(out var seconds) && seconds is >= 0 and <= LastSecond
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;

    private static Roles RolesOf(JsonElement held)
    {
        if (held.ValueKind == JsonValueKind.String)
            return RoleNames.Parse(held.GetString());
        var roles = Roles.None;
        if (held.ValueKind == JsonValueKind.Array)
            foreach (var role in held.EnumerateArray())
                if (role.ValueKind == JsonValueKind.String)
                    roles |= RoleNames.Parse(role.GetString());
        return roles;
    }
}
