using Chat.Host.Auth;
using Chat.Host.Configuration;
using Microsoft.AspNetCore.Http;

namespace Chat.Tests.Auth;

public class OriginRulesTests
{
    private static readonly ServiceOptions Configured = new()
    {
        Hosts = ["chat.example.com", "*.example.org"],
        Origins = ["https://chat.example.com"],
        CorsOrigins = ["http://localhost:9060", "ws://localhost:9050", "https://App.example.net:443/", "*", "null"],
    };

    [Theory]
    [InlineData("chat.example.com", true)]
    [InlineData("CHAT.example.com:8443", true)]
    [InlineData("a.example.org", true)]
    [InlineData("a.b.example.org:80", true)]
    [InlineData("example.org", false)]
    [InlineData(".example.org", false)]
    [InlineData("badexample.org", false)]
    [InlineData("chat.example.com.evil.net", false)]
    [InlineData("evil.net", false)]
    [InlineData("localhost", false)]
    [InlineData("127.0.0.1:8003", false)]
    [InlineData("*.example.org", true)]
    [InlineData("", false)]
    public void Only_configured_hosts_are_served(string host, bool served) =>
        Assert.Equal(served, new OriginRules(Configured, development: false).AcceptsHost(new HostString(host)));

    [Theory]
    [InlineData("localhost:8003", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:8003", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("localhost.evil.net", false)]
    [InlineData("evil.net", false)]
    [InlineData("192.168.0.7:8003", false)]
    public void Without_configured_hosts_only_loopback_names_are(string host, bool served)
    {
        Assert.Equal(served, new OriginRules(new(), development: false).AcceptsHost(new HostString(host)));
        Assert.Equal(served, new OriginRules(Configured, development: true).AcceptsHost(new HostString(host)));
    }

    [Theory]
    [InlineData("https://chat.example.com", OriginStanding.Own)]
    [InlineData("http://localhost:9060", OriginStanding.Cross)]
    [InlineData("http://localhost:9050", OriginStanding.Cross)]
    [InlineData("https://app.example.net", OriginStanding.Cross)]
    [InlineData("https://app.example.net.evil.com", OriginStanding.Foreign)]
    [InlineData("http://app.example.net", OriginStanding.Foreign)]
    [InlineData("http://localhost:9061", OriginStanding.Foreign)]
    [InlineData("https://chat.example.com:8443", OriginStanding.Foreign)]
    [InlineData("http://a.example.org", OriginStanding.Own)]
    [InlineData("https://a.example.org", OriginStanding.Foreign)]
    [InlineData("http://b.example.org", OriginStanding.Foreign)]
    [InlineData("null", OriginStanding.Foreign)]
    [InlineData("", OriginStanding.Foreign)]
    [InlineData("*", OriginStanding.Foreign)]
    [InlineData("https://evil.net", OriginStanding.Foreign)]
    public void Origins_in_production(string origin, OriginStanding expected)
    {
        var rules = new OriginRules(Configured, development: false);
        Assert.Equal(expected, rules.Judge(origin, "http", new HostString("a.example.org")));
    }

    [Theory]
    [InlineData("http://localhost:8003", OriginStanding.Own)]
    [InlineData("http://localhost:3000", OriginStanding.Cross)]
    [InlineData("https://localhost", OriginStanding.Cross)]
    [InlineData("http://127.0.0.1:5173", OriginStanding.Cross)]
    [InlineData("http://[::1]:5173", OriginStanding.Cross)]
    [InlineData("http://localhost:3000.evil.net", OriginStanding.Foreign)]
    [InlineData("http://localhost.evil.net:3000", OriginStanding.Foreign)]
    [InlineData("http://localhost@evil.net", OriginStanding.Foreign)]
    [InlineData("http://evil.net@localhost", OriginStanding.Foreign)]
    [InlineData("http://localhost/path", OriginStanding.Foreign)]
    [InlineData("ftp://localhost", OriginStanding.Foreign)]
    [InlineData("null", OriginStanding.Foreign)]
    [InlineData("https://evil.net", OriginStanding.Foreign)]
    public void Origins_in_development(string origin, OriginStanding expected)
    {
        var rules = new OriginRules(new(), development: true);
        Assert.Equal(expected, rules.Judge(origin, "http", new HostString("localhost:8003")));
    }

    [Fact]
    public void A_strange_host_makes_no_origin_its_own() =>
        Assert.Equal(
            OriginStanding.Foreign,
            new OriginRules(Configured, development: false).Judge("http://evil.net", "http", new HostString("evil.net")));
}
