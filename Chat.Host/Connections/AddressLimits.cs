using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>
/// One token bucket per remote address for what needs no identity. A request costs one; one that named what there is not costs more, since codes can be
/// guessed: an address that does nothing else has <paramref name="perMinute"/> / 10 guesses a minute.
/// </summary>
/// <param name="perMinute">0 limits nobody.</param>
internal sealed class AddressLimits(int perMinute, TimeProvider time)
{
    /// <summary>What a guess costs altogether.</summary>
    private const int GuessCost = 10;

    private readonly TokenBuckets<UInt128>? _buckets = perMinute > 0 ? new TokenBuckets<UInt128>(perMinute, time) : null;

    /// <summary>Asked once for a request, before anything is looked up; null lets it go on.</summary>
    public Rejected? Take(HttpContext context) =>
        _buckets?.Take(KeyOf(context.Connection.RemoteIpAddress)) is { } wait && wait > TimeSpan.Zero
            ? new Rejected(ErrorCode.RateLimit, "Too many requests from this address", wait)
            : null;

    /// <summary>
    /// The request named an unknown code or participant. Charged afterwards, so that a class behind one address may join at once; what the bucket does not
    /// hold is owed, so that many guesses at once are no cheaper.
    /// </summary>
    public void ChargeGuess(HttpContext context) => _buckets?.Charge(KeyOf(context.Connection.RemoteIpAddress), GuessCost - 1);

    /// <summary>An IPv4 address, or the /64 of an IPv6 one, which is the least that one customer has.</summary>
    internal static UInt128 KeyOf(IPAddress? address)
    {
        // No address: a socket of the machine itself.
        if (address is null)
        {
            return 0;
        }
        var isIPv4 = address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;
        var whole = BinaryPrimitives.ReadUInt128BigEndian(address.MapToIPv6().GetAddressBytes());
        return isIPv4 ? whole : whole >> 64 << 64;
    }
}
