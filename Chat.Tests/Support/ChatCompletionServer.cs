using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Support;

/// <summary>
/// Stands in for an OpenAI-compatible service. Each request is answered by the next script; one without a script gets 500.
/// </summary>
internal sealed class ChatCompletionServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<CompletionAnswer, Task>> _scripts = new();
    private readonly SemaphoreSlim _arrivals = new(0);

    private ChatCompletionServer(WebApplication app) => _app = app;

    /// <summary>With the version, as services publish theirs.</summary>
    public string Address => $"{_app.Urls.First()}/v1";

    public ConcurrentQueue<(string Path, string? Authorization, JsonElement Body)> Requests { get; } = new();

    public static async Task<ChatCompletionServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new ChatCompletionServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public ChatCompletionServer Then(Func<CompletionAnswer, Task> script)
    {
        _scripts.Enqueue(script);
        return this;
    }

    /// <summary>Until one more request has come.</summary>
    public async Task RequestedAsync() => Assert.True(await _arrivals.WaitAsync(TimeSpan.FromSeconds(30)), "No request came");

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        Requests.Enqueue((context.Request.Path, context.Request.Headers.Authorization, body));
        _arrivals.Release();
        if (_scripts.TryDequeue(out var script))
        {
            await script(new CompletionAnswer(context));
        }
        else
        {
            context.Response.StatusCode = 500;
        }
    }
}

/// <summary>What a service does with one request.</summary>
internal sealed class CompletionAnswer(HttpContext context)
{
    /// <summary>The answer's first piece, which carries no text.</summary>
    public Task RoleAsync() => ChoiceAsync(new { role = "assistant", content = "" }, null);

    public Task TextAsync(string text) => ChoiceAsync(new { content = text }, null);

    public async Task FinishAsync(string reason = "stop", int? tokens = null)
    {
        await ChoiceAsync(new { }, reason);
        if (tokens is not null)
        {
            var usage = new { prompt_tokens = 7, completion_tokens = tokens, total_tokens = 7 + tokens };
            await EventAsync(JsonSerializer.Serialize(new { id = "c", @object = "chat.completion.chunk", created = 1, model = "m", choices = Array.Empty<object>(), usage }));
        }
        await EventAsync("[DONE]");
    }

    public async Task EventAsync(string data)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream";
        }
        await context.Response.WriteAsync($"data: {data}\n\n");
        await context.Response.Body.FlushAsync();
    }

    /// <summary>Silence until the client has gone.</summary>
    public Task StallAsync(TaskCompletionSource gone)
    {
        context.RequestAborted.Register(() => gone.TrySetResult());
        return gone.Task;
    }

    public void BreakOff() => context.Abort();

    public Task RefuseAsync(int status, string body = "{\"error\":{\"message\":\"sk-secret is wrong\"}}", string? retryAfter = null)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = retryAfter;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    private Task ChoiceAsync(object delta, string? reason) =>
        EventAsync(JsonSerializer.Serialize(new { id = "c", @object = "chat.completion.chunk", created = 1, model = "m", choices = new[] { new { index = 0, delta, finish_reason = reason } } }));
}
