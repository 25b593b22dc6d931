using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Auth;

/// <summary>
/// What proves a participant, whose id stands in every message and so proves nothing: base64url of an HMAC-SHA256 over session and participant. It has no
/// expiry; it is worth as much as the membership is. Its key is derived from the secret under a label of its own, so it is neither token nor ticket.
/// </summary>
public sealed class ParticipantProof(JwtOptions options)
{
    /// <summary>The cookie that carries it to the participant's own socket.</summary>
    public const string Cookie = "chat_participant";

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.SecretKey), 32, info: "chat participant 1"u8.ToArray());

    public string Issue(SessionId session, string participantId)
    {
        // U+0000 stands in neither id.
        var mac = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{session.Value}\0{participantId}"));
        return Base64Url.EncodeToString(mac);
    }

    /// <summary>Never throws for what a client sent.</summary>
    public bool Verify(SessionId session, string participantId, string? token) =>
        token is not null && CryptographicOperations.FixedTimeEquals(Bytes(token), Bytes(Issue(session, participantId)));

    private static ReadOnlySpan<byte> Bytes(string text) => MemoryMarshal.AsBytes(text.AsSpan());
}
