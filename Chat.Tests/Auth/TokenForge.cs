using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Chat.Tests.Auth;

/// <summary>Writes tokens part by part, honest or not, without the library that reads them.</summary>
internal static class TokenForge
{
    public const string Secret = "a-secret-of-more-than-thirty-two-bytes";

    public static string Sign(string header, string payload, Func<byte[], byte[]> sign)
    {
        var signed = $"{Encode(header)}.{Encode(payload)}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Hs256(string payload, string secret = Secret, string header = """{"alg":"HS256","typ":"JWT"}""") =>
        Sign(header, payload, data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), data));

    public static string Rs256(string payload, RSA key, string header) =>
        Sign(header, payload, data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Es256(string payload, ECDsa key, string header) =>
        Sign(header, payload, data => key.SignData(data, HashAlgorithmName.SHA256));

    public static string Payload(DateTimeOffset expires, string more = "") =>
        $$"""{"sub":"kim","exp":{{expires.ToUnixTimeSeconds()}}{{more}}}""";

    public static string KeySet(params string[] keys) => $$"""{"keys":[{{string.Join(',', keys)}}]}""";

    public static string Jwk(RSA key, string kid, string more = "")
    {
        var parts = key.ExportParameters(false);
        return $$"""{"kty":"RSA","kid":"{{kid}}","n":"{{Base64Url.EncodeToString(parts.Modulus)}}","e":"{{Base64Url.EncodeToString(parts.Exponent)}}"{{more}}}""";
    }

    public static string Jwk(ECDsa key, string kid)
    {
        var point = key.ExportParameters(false).Q;
        return $$"""{"kty":"EC","crv":"P-256","kid":"{{kid}}","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
    }

    public static string Encode(string part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part));
}
