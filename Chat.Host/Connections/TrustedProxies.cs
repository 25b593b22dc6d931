using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Chat.Host.Connections;

/// <summary>Takes a request's address and scheme from the proxies that the operator trusts, and from nobody else.</summary>
internal static class TrustedProxies
{
    /// <summary>The framework's own switch (<c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c>), which would believe everyone.</summary>
    private const string TrustAll = "FORWARDEDHEADERS_ENABLED";

    public static void TrustNoOtherProxies(this IWebHostBuilder host) => host.UseSetting(TrustAll, "false");

    /// <summary>Stands before whatever asks for the address or the scheme.</summary>
    /// <param name="proxies">Addresses and networks; none leaves every request as it came.</param>
    public static IApplicationBuilder UseTrustedProxies(this IApplicationBuilder app, IReadOnlyList<string> proxies)
    {
        if (proxies.Count == 0)
        {
            return app;
        }
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            // As many as are trusted: the walk from the right ends at the first address that is not.
            ForwardLimit = null,
        };
        // Loopback stands in both by default.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPNetwork.TryParse(proxy, out var network))
            {
                options.KnownIPNetworks.Add(network);
            }
            else
            {
                options.KnownProxies.Add(IPAddress.Parse(proxy));
            }
        }
        return app.UseForwardedHeaders(options);
    }
}
