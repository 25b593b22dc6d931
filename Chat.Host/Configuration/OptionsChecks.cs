using System.Net;
using System.Text;
using Chat.Actors.Cluster;

namespace Chat.Host.Configuration;

/// <summary>What a value must look like beyond its type. A check returns what is wrong, or null, and never repeats the value.</summary>
internal static class OptionsChecks
{
    /// <summary>HS256 is as strong as its key: RFC 7518 §3.2 wants as many bits as the hash has.</summary>
    private const int LeastSecretBytes = 32;

    /// <summary>Below this Microsoft.IdentityModel refuses to sign at all.</summary>
    private const int LeastKeyBytes = 16;

    public static string? SecretKey(string key, ChatMode mode)
    {
        if (mode == ChatMode.Development) return Encoding.UTF8.GetByteCount(key) < LeastKeyBytes ? $"is shorter than {LeastKeyBytes} bytes, too short to sign with" : null;
        if (key == JwtOptions.DefaultSecretKey) return "production does not start with the default key, which everyone knows: set JWT_SECRET_KEY to a secret of your own";
        return Encoding.UTF8.GetByteCount(key) < LeastSecretBytes
            ? $"production does not start with a key shorter than {LeastSecretBytes} bytes, which can be guessed: set JWT_SECRET_KEY to a longer one"
            : null;
    }

    public static string? Listen(string address, ChatMode mode)
    {
        var local = address == "localhost";
        if (!local && !IsAddress(address)) return "is neither an IP address nor localhost";
        return mode == ChatMode.Development && !local && !IPAddress.IsLoopback(IPAddress.Parse(address))
            ? "development mode opens doors to whoever reaches it, so it listens on 127.0.0.1 or ::1 only"
            : null;
    }

    public static string? Networks(IReadOnlyList<string> networks) =>
        networks.All(network => IsAddress(network) || (network.Split('/') is [var address, _] && IsAddress(address) && IPNetwork.TryParse(network, out _)))
            ? null
            : "holds something other than IP addresses and networks, such as 10.0.0.7 or 10.0.0.0/8";

    public static string? Address(string? address)
    {
        if (address is null) return null;
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? null
            : "is no address that begins with http:// or https://";
    }

    public static string? Hosts(IReadOnlyList<string> hosts) =>
        hosts.All(host => Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) != UriHostNameType.Unknown)
            ? null
            : "holds something other than host names without scheme and port, such as chat.example.com or *.example.com";

    /// <summary>In the spelling in which browsers send an origin: lower case, without the scheme's own port, without a closing slash.</summary>
    public static IReadOnlyList<string> Origins(OptionsSection section, string key, IReadOnlyList<string> origins)
    {
        var spelled = new List<string>();
        foreach (var origin in origins)
        {
            if (Address(origin) is null && new Uri(origin) is { PathAndQuery: "/", Fragment: "", UserInfo: "" } uri) spelled.Add(uri.GetLeftPart(UriPartial.Authority));
            else section.Refuse(key, "holds something other than origins, which are scheme, host and port only, such as https://chat.example.com");
        }

        return spelled;
    }

    public static string? Host(string host) => Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 ? null : "is neither a name nor an IPv4 address";

    public static string? Endpoint(string endpoint) =>
        endpoint.LastIndexOf(':') is var colon and > 0 && Host(endpoint[..colon]) is null && ushort.TryParse(endpoint.AsSpan(colon + 1), out var port) && port > 0
            ? null
            : "holds what is not of the form HOST:PORT";

    /// <summary>The forms that SQLAlchemy takes for PostgreSQL, with or without a driver's name.</summary>
    public static string? DatabaseUrl(string? url)
    {
        const string form = "postgresql://user:password@host:port/name";
        if (url is null) return null;
        if (url.Contains("${", StringComparison.Ordinal)) return "still holds ${…}, which nothing has filled in";

        var separator = url.IndexOf("://", StringComparison.Ordinal);
        if (separator < 0 || url[..separator].Split('+')[0] is not ("postgresql" or "postgres"))
            return $"is not of the form {form}; for the embedded database leave it empty";

        var rest = url[(separator + 3)..];
        if (rest.AsSpan(0, Math.Max(rest.IndexOf('/', StringComparison.Ordinal), 0)).Count('@') > 1 || rest.Contains('#', StringComparison.Ordinal))
            return "cannot be told apart: in user and password write @ : / ? # as %40 %3A %2F %3F %23";
        if (!Uri.TryCreate("postgresql://" + rest, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
            return $"is not of the form {form}; in user and password write @ : / ? # as %40 %3A %2F %3F %23";
        return uri.AbsolutePath.Trim('/') is { Length: > 0 } name && !name.Contains('/', StringComparison.Ordinal) ? null : "names no database after the host";
    }

    /// <summary>The parser takes "8003" for 0.0.31.67.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out _) && text.AsSpan().Count('.') is 0 or 3 && text.AsSpan().IndexOfAny('.', ':') >= 0;

    public static string? RedisUrl(string? url)
    {
        if (url is null) return null;
        if (url.Contains("${", StringComparison.Ordinal)) return "still holds ${…}, which nothing has filled in";
        return RedisConnection.TryParse(url, out _) ? null : $"is not of the form {RedisConnection.Form}";
    }
}
