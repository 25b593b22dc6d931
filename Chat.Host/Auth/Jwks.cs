using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Chat.Host.Configuration;
using Microsoft.IdentityModel.Tokens;

namespace Chat.Host.Auth;

/// <summary>A JSON Web Key Set (RFC 7517) as the keys of the one configured algorithm.</summary>
internal static class Jwks
{
    /// <summary>A token without <c>kid</c> is tried against every key, so there may not be many.</summary>
    private const int MaxKeys = 32;

    /// <summary>Keys of another algorithm or use, too weak or malformed ones are left out; a text that is no key set throws <see cref="JsonException"/>.</summary>
    public static IReadOnlyList<VerificationKey> Parse(string text, JwtOptions options)
    {
        using var document = JsonDocument.Parse(text);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("keys", out var entries)
            || entries.ValueKind != JsonValueKind.Array)
            throw new JsonException("A key set is an object with an array of keys.");

        var keys = new List<VerificationKey>();
        foreach (var entry in entries.EnumerateArray())
            if (keys.Count < MaxKeys && TryRead(entry, options.Algorithm) is { } key)
                keys.Add(VerificationKey.Of(key, options));
        return keys;
    }

    private static SecurityKey? TryRead(JsonElement entry, string algorithm)
    {
        try
        {
            if (entry.ValueKind != JsonValueKind.Object
                || Text(entry, "use") is not (null or "sig")
                || (Text(entry, "alg") is { } named && named != algorithm))
                return null;
            SecurityKey? key = (algorithm, Text(entry, "kty"), Text(entry, "crv")) switch
            {
                ("RS256", "RSA", _) => Rsa(entry),
                ("ES256", "EC", "P-256") => P256(entry),
                _ => null,
            };
            if (key is not null)
                key.KeyId = Text(entry, "kid");
            return key;
        }
        catch (Exception fault) when (fault is FormatException or InvalidOperationException or CryptographicException)
        {
            return null;
        }
    }

    private static RsaSecurityKey? Rsa(JsonElement entry)
    {
        var parameters = new RSAParameters { Modulus = Bytes(entry, "n"), Exponent = Bytes(entry, "e") };
        using var rsa = RSA.Create(parameters);
        return rsa.KeySize < 2048 ? null : new RsaSecurityKey(parameters);
    }

    private static ECDsaSecurityKey P256(JsonElement entry) => new(ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Bytes(entry, "x"), Y = Bytes(entry, "y") },
    }));

    private static byte[] Bytes(JsonElement entry, string name) =>
        Base64Url.DecodeFromChars(Text(entry, name) ?? throw new FormatException("A part of the key is missing."));

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) ? value.GetString() : null;
}
