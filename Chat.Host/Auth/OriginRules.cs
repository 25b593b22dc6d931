using Chat.Host.Configuration;

namespace Chat.Host.Auth;

/// <summary>Under which names this server answers, and whose pages may call it.</summary>
public sealed class OriginRules
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];

    private readonly HashSet<string> _hosts;
    private readonly List<string> _domains;
    private readonly HashSet<string> _own;
    private readonly HashSet<string> _cross;
    private readonly bool _development;

    public OriginRules(ServiceOptions service, bool development)
    {
        _development = development;
        _hosts = new(service.Hosts.Where(host => !host.StartsWith('*')), StringComparer.OrdinalIgnoreCase);
        _domains = [.. service.Hosts.Where(host => host.StartsWith("*.", StringComparison.Ordinal) && host.Length > 2).Select(host => host[1..])];
        if (development || service.Hosts.Count == 0)
            _hosts.UnionWith(Loopback);
        _own = new(service.Origins.SelectMany(Normal), StringComparer.OrdinalIgnoreCase);
        _cross = new(service.CorsOrigins.SelectMany(Normal), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The port does not matter: a name that resolves here by a trick (DNS rebinding) is what this keeps out.</summary>
    public bool AcceptsHost(HostString host)
    {
        if (!host.HasValue)
            return false;
        var name = host.Host;
        return _hosts.Contains(name)
            || _domains.Exists(domain => name.Length > domain.Length && name.EndsWith(domain, StringComparison.OrdinalIgnoreCase));
    }

    /// <param name="host">The request's own, already accepted.</param>
    public OriginStanding Judge(string origin, string scheme, HostString host)
    {
        if (_cross.Contains(origin))
            return OriginStanding.Cross;
        if (string.Equals(origin, $"{scheme}://{host.Value}", StringComparison.OrdinalIgnoreCase) && AcceptsHost(host))
            return OriginStanding.Own;
        // A page under development comes from a server of its own, on another port of this machine.
        if (_development && IsLoopback(origin))
            return OriginStanding.Cross;
        return _own.Contains(origin) ? OriginStanding.Own : OriginStanding.Foreign;
    }

    private static bool IsLoopback(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        && Loopback.Contains(address.Host)
        // What a browser sends is exactly this: no user, no path.
        && origin == $"{address.Scheme}://{address.Authority}";

    /// <summary>
    /// As a browser writes it, or nothing for what is no origin, such as <c>*</c> and <c>null</c>: with credentials, neither may be let in.
    /// A socket's page is named by its http origin, so <c>ws:</c> in a list means that.
    /// </summary>
    private static IEnumerable<string> Normal(string configured)
    {
        if (!Uri.TryCreate(configured.Trim(), UriKind.Absolute, out var address) || address.Host.Length == 0)
            return [];
        var scheme = address.Scheme switch
        {
            "ws" => "http",
            "wss" => "https",
            var other => other,
        };
        var isDefault = address.IsDefaultPort || (scheme, address.Port) is ("http", 80) or ("https", 443);
        return [isDefault ? $"{scheme}://{address.Host}" : $"{scheme}://{address.Host}:{address.Port}"];
    }
}

/// <summary>What an <c>Origin</c> is to this server.</summary>
public enum OriginStanding
{
    Foreign,

    /// <summary>The page that this server serves.</summary>
    Own,

    /// <summary>Another page that may call, and read the answers.</summary>
    Cross,
}
