using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Microsoft.AspNetCore.Http;

namespace Chat.Tests.Auth;

public class DevTokenEndpointTests
{
    [Fact]
    public async Task Development_hands_out_tokens_that_work()
    {
        await using var host = await AuthHost.StartAsync(new ChatOptions { Mode = ChatMode.Development });
        using var answer = await host.SendAsync(HttpMethod.Get, "/dev/token?user=%EA%B9%80&name=Kim&roles=admin,agent");
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("김", json.GetProperty("user_id").GetString());
        Assert.Equal(43_200, json.GetProperty("expires_in").GetInt32());

        using var me = await host.SendAsync(HttpMethod.Get, "/me", ("Authorization", $"Bearer {json.GetProperty("token").GetString()}"));
        Assert.Equal("김", await me.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/dev/token")]
    [InlineData("/dev/token?user=")]
    [InlineData("/dev/token?user=a%0Ab")]
    public async Task A_user_is_needed(string path)
    {
        await using var host = await AuthHost.StartAsync(new ChatOptions { Mode = ChatMode.Development });
        using var answer = await host.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("BAD_FIELD", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("192.168.0.7", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData(null, false)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("::1", true)]
    public void Only_this_machine_is_answered(string? address, bool answered)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        var answer = DevTokenEndpoint.Give(context, new TokenIssuer(new JwtOptions(), TimeProvider.System), "kim", null, null);
        Assert.Equal(answered, ((IStatusCodeHttpResult)answer).StatusCode is null or 200);
    }

    [Fact]
    public async Task Tokens_that_are_made_elsewhere_are_not_made_here()
    {
        var options = new ChatOptions { Mode = ChatMode.Development, Jwt = new() { Algorithm = "RS256", Jwks = "keys.json" } };
        await using var host = await AuthHost.StartAsync(options);
        using var answer = await host.SendAsync(HttpMethod.Get, "/dev/token?user=kim");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
