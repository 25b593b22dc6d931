using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Endpoints;

/// <summary>One server for a class of tests, and short words for calling it.</summary>
public sealed class RestServer : IAsyncLifetime
{
    public const string Admin = "the.admin";
    public const string Agent = "an.agent";

    private TestServer? _server;

    /// <summary>For a fixture: starts a server of its own.</summary>
    public RestServer()
    {
    }

    /// <summary>Calls a server that is another's to dispose.</summary>
    internal RestServer(TestServer server) => _server = server;

    public TestServer Server => _server!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(Configure);

    public async Task DisposeAsync() => await Server.DisposeAsync();

    private static ChatOptions Configure(ChatOptions options) => options with
    {
        Files = new FilesOptions(),
        Agents =
        [
            new AgentOptions { Id = 1, Name = "Echo", AvatarUrl = "/avatars/echo.png" },
            new AgentOptions { Id = 2, Name = "Outside", Provider = "external" },
        ],
    };

    /// <param name="user">Null sends no token.</param>
    /// <param name="body">A string goes as it is, anything else as its JSON.</param>
    public HttpRequestMessage Request(string? user, string method, string path, object? body = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (user is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Server.Token(user, RolesOf(user)));
        }
        if (body is not null)
        {
            request.Content = body is string text ? new StringContent(text, Encoding.UTF8, "application/json") : JsonContent.Create(body, body.GetType());
        }
        return request;
    }

    public async Task<Answer> SendAsync(string? user, string method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = Request(user, method, path, body);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using var response = await Server.Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    public async Task<string> CreateAsync(string owner, object? wish = null)
    {
        var answer = await SendAsync(owner, "POST", "/api/chat/sessions", wish ?? new { });
        Assert.Equal(HttpStatusCode.Created, answer.Status);
        return answer["session_id"].GetString()!;
    }

    /// <summary>Sends a message and follows its answer.</summary>
    public Task<EventReader> OpenAsync(string user, string session, object message) =>
        EventReader.OpenAsync(Server.Http, Request(user, "POST", $"/api/chat/sessions/{session}/messages/stream", message));

    public async Task<Answer> PostAsync(string user, string session, string content) =>
        await SendAsync(user, "POST", $"/api/chat/sessions/{session}/messages", new { content });

    private static Roles RolesOf(string user) => user switch { Admin => Roles.Admin, Agent => Roles.Agent, _ => Roles.None };
}

/// <summary>What came back.</summary>
public sealed record Answer(HttpStatusCode Status, string? Type, string Text, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Text);

    public JsonElement this[string field] => Json.GetProperty(field);

    public static async Task<Answer> ReadAsync(HttpResponseMessage response) =>
        new(response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(), response.Headers);

    /// <summary>A refusal in the one form that all of them have.</summary>
    public void AssertProblem(int status, string code)
    {
        Assert.True((int)Status == status, $"{(int)Status}: {Text}");
        Assert.Equal("application/problem+json", Type);
        Assert.Equal(code, this["code"].GetString());
        Assert.Equal(status, this["status"].GetInt32());
        Assert.Equal("about:blank", this["type"].GetString());
        Assert.NotEmpty(this["title"].GetString()!);
        Assert.NotEmpty(this["detail"].GetString()!);
    }

    /// <summary>For what either the server or the framework under it refuses.</summary>
    public void AssertRefused(params int[] statuses) => Assert.Contains((int)Status, statuses);

    public void AssertFields(params string[] names)
    {
        foreach (var name in names)
        {
            Assert.True(Json.TryGetProperty(name, out _), $"{name} is missing in {Text}");
        }
    }
}
