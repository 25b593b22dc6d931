using System.Net;
using System.Text.Json;
using Chat.Host.Configuration;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Endpoints;

public sealed class OpenApiTests(RestServer rest) : IClassFixture<RestServer>
{
    private static readonly string[] Described = ["/api/chat/", "/api/agents", "/api/participants/", "/api/v1/sessions/", "/health/", "/metrics"];

    [Fact]
    public async Task Every_endpoint_is_described()
    {
        var paths = (await rest.SendAsync(null, "GET", "/openapi/v1.json"))["paths"];
        var served = rest.Server.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => (Path: "/" + endpoint.RoutePattern.RawText!.Trim('/'), endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods))
            .Where(route => route.HttpMethods is not null && Described.Any(prefix => route.Path.StartsWith(prefix, StringComparison.Ordinal)))
            .SelectMany(route => route.HttpMethods!.Select(method => (route.Path, Method: method)))
            .ToList();

        Assert.True(served.Count > 20);
        foreach (var (path, method) in served.Where(route => route.Path != "/api/chat/tickets"))
        {
            Assert.True(paths.TryGetProperty(path, out var item) && item.TryGetProperty(method.ToLowerInvariant(), out var operation), $"{method} {path}");
            Assert.NotEmpty(item.GetProperty(method.ToLowerInvariant()).GetProperty("summary").GetString()!);
            var responses = item.GetProperty(method.ToLowerInvariant()).GetProperty("responses");
            Assert.True(responses.TryGetProperty("default", out _));
            Assert.True(responses.TryGetProperty("200", out var ok) || responses.TryGetProperty("201", out ok));
            Assert.True(ok.TryGetProperty("content", out _));
            var needsToken = path.StartsWith("/api", StringComparison.Ordinal) && !path.Contains("{session_code}", StringComparison.Ordinal);
            Assert.Equal(needsToken, item.GetProperty(method.ToLowerInvariant()).TryGetProperty("security", out _));
        }
    }

    [Fact]
    public async Task Bodies_and_answers_are_described_by_their_wire_names()
    {
        var document = await rest.SendAsync(null, "GET", "/openapi/v1.json");
        var body = document["paths"].GetProperty("/api/chat/sessions").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
        Assert.Equal(
            ["agent_id", "channel_url", "joinable", "members", "metadata", "open", "room_id", "title"],
            body.GetProperty("schema").GetProperty("properties").EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        var detail = document["components"].GetProperty("schemas").GetProperty("SessionDetail").GetProperty("properties");
        Assert.Equal("""{"type":"string","format":"date-time"}""", Compact(detail.GetProperty("created_at")));
        Assert.Equal("""{"type":"integer","format":"int64"}""", Compact(detail.GetProperty("head_seq")));
        Assert.Equal("http", document["components"].GetProperty("securitySchemes").GetProperty("bearer").GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_pages_of_the_description_are_for_development_only()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await rest.SendAsync(null, "GET", "/docs/index.html")).Status);

        await using var development = await Support.TestServer.StartAsync(options => options with { Mode = ChatMode.Development });
        using var page = await development.Http.GetAsync(new Uri("/docs/index.html", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
    }

    private static string Compact(JsonElement element) =>
        "{" + string.Join(',', element.EnumerateObject().OrderByDescending(field => field.Name).Select(field => $"\"{field.Name}\":{JsonSerializer.Serialize(field.Value)}")) + "}";
}
