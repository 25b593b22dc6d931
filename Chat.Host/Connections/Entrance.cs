using System.Globalization;
using Chat.Host.Auth;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>What a face says of a handshake: who comes into which session, or a refusal.</summary>
internal sealed record Entrance
{
    /// <summary>Set: the socket is accepted and closed with it, since a refused handshake shows no close code.</summary>
    public (int Code, string Reason)? Refusal { get; init; }

    public SessionId Session { get; init; }
    public Caller Caller { get; init; } = Caller.Server;
    public Person Who { get; init; } = new("", "");
    public FaceCodec Codec { get; init; } = NativeCodec.Instance;

    /// <summary>When the caller's token ends; null for one that has none.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The cursor to resume from; null for live frames only.</summary>
    public long? Since { get; init; }

    /// <summary>Makes the socket's face and opens its subscriber, with the frames that come before all others.</summary>
    public Func<EnteredSocket, ILiveFace> Open { get; init; } = _ => throw new InvalidOperationException("A refused socket has no face");

    public static Entrance Refused(int code, string reason) => new() { Refusal = (code, reason) };

    /// <summary>For a credential that is missing, bad, or cannot be checked now.</summary>
    public static Entrance Refused(IdentityResult authenticated) => authenticated.Outcome == IdentityOutcome.Unavailable
        ? Refused(CloseCode.Overloaded, "Tokens cannot be checked now")
        : Refused(CloseCode.Refused, "Missing or bad token");

    public static Entrance Refused(Rejected rejected) => Refused(rejected.Code.MayRetry() ? CloseCode.Overloaded : CloseCode.Refused, rejected.Text);

    /// <summary>False where the address has a <c>since</c> that is no seq.</summary>
    public static bool TryReadSince(HttpContext context, out long? since)
    {
        since = null;
        if (!context.Request.Query.TryGetValue("since", out var text))
        {
            return true;
        }
        var isSeq = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq);
        since = seq;
        return isSeq;
    }
}
