using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Chat.Host.SocketIo;
using Chat.Host.SocketIo.Engine;
using Chat.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.SocketIo;

/// <summary>The two servers without chat, listening on a free port, on a clock that the test moves.</summary>
internal sealed class SocketIoHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly FaultLog _faults = new();

    private SocketIoHost(EngineOptions engine, SocketIoOptions options, TimeProvider? real)
    {
        var time = real ?? Time;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(_faults);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(time);
        _app = builder.Build();
        _app.UseGatedWebSockets();
        var logger = _app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("SocketIo");
        Engine = new EngineServer(engine, session => new Echo(this, session), time, logger);
        Server = new SocketIoServer(options with { Engine = engine }, time, logger);
        _app.MapEngineIo("/engine.io", Engine);
        _app.MapSocketIo("/socket.io", Server);
    }

    public ManualTime Time { get; } = new();

    /// <summary>Echoes every message.</summary>
    public EngineServer Engine { get; }

    public SocketIoServer Server { get; }
    public HttpClient Http { get; private set; } = null!;
    public Uri Address => Http.BaseAddress!;

    /// <summary>The sessions of the engine's path, the newest last, and how they ended.</summary>
    public ConcurrentQueue<EngineSession> Sessions { get; } = new();
    public ConcurrentQueue<EngineEndReason> Ends { get; } = new();

    /// <param name="time">Another clock than <see cref="Time"/>, for clients that have their own.</param>
    public static async Task<SocketIoHost> StartAsync(EngineOptions? engine = null, SocketIoOptions? options = null, TimeProvider? time = null)
    {
        var host = new SocketIoHost(engine ?? new EngineOptions(), options ?? new SocketIoOptions(), time);
        await host._app.StartAsync();
        host.Http = new HttpClient { BaseAddress = new Uri(host._app.Urls.First()), Timeout = TimeSpan.FromSeconds(30) };
        return host;
    }

    /// <summary>For what no answer tells: the state that a request which still waits has brought about.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(5, timeout.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Engine.CloseAll(1012, "The test is over");
        Server.CloseAll(1012, "The test is over");
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        Assert.Empty(_faults.Lines);
    }

    private sealed class Echo : IEngineHandler
    {
        private readonly SocketIoHost _host;
        private readonly EngineSession _session;

        public Echo(SocketIoHost host, EngineSession session)
        {
            (_host, _session) = (host, session);
            host.Sessions.Enqueue(session);
        }

        public ValueTask<bool> ReceiveAsync(EngineMessage message)
        {
            if (message.IsBinary)
            {
                _session.Send(message.Data.ToArray());
            }
            else
            {
                _session.SendText(message.Data.Span);
            }
            return new(true);
        }

        public ValueTask EndedAsync(EngineEndReason reason)
        {
            _host.Ends.Enqueue(reason);
            return default;
        }
    }

    /// <summary>No client, whatever it sends, may make the server log an error.</summary>
    private sealed class FaultLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && !Expected.Contains(eventId.Id))
            {
                Lines.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public HashSet<int> Expected { get; } = [];

        public void Dispose()
        {
        }
    }

    /// <summary>The test makes the application throw.</summary>
    public void ExpectFault() => _faults.Expected.Add(220);
}

/// <summary>A client that polls, request by request.</summary>
internal sealed class PollingClient(SocketIoHost host, string path, string sid)
{
    public string Sid => sid;

    public string Query => $"{path}?EIO=4&transport=polling&sid={sid}";

    public static async Task<PollingClient> OpenAsync(SocketIoHost host, string path = "/engine.io/")
    {
        var open = await host.Http.GetStringAsync($"{path}?EIO=4&transport=polling");
        Assert.StartsWith("0", open);
        using var json = JsonDocument.Parse(open.AsMemory(1));
        return new PollingClient(host, path, json.RootElement.GetProperty("sid").GetString()!);
    }

    /// <summary>Joins the main namespace.</summary>
    public static async Task<PollingClient> JoinAsync(SocketIoHost host)
    {
        var client = await OpenAsync(host, "/socket.io/");
        Assert.Equal("200 ok", await client.PostAsync("40"));
        Assert.StartsWith("200 40{", await client.PollAsync());
        return client;
    }

    /// <summary>Status and body.</summary>
    public async Task<string> PollAsync(CancellationToken cancellation = default)
    {
        using var response = await host.Http.GetAsync(Query, cancellation);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellation)}";
    }

    public Task<string> PostAsync(string body) => PostAsync(Encoding.UTF8.GetBytes(body));

    public async Task<string> PostAsync(byte[] body, string? contentType = "text/plain;charset=UTF-8")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.Remove("Content-Type");
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        using var response = await host.Http.PostAsync(new Uri(Query, UriKind.Relative), content);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>Starts a poll and returns once it waits at the server.</summary>
    public async Task<Task<string>> WaitAsync(CancellationToken cancellation = default)
    {
        var poll = PollAsync(cancellation);
        var session = host.Sessions.First(s => s.Id == sid);
        await SocketIoHost.UntilAsync(() => session.Polling!.IsPolled || poll.IsCompleted);
        return poll;
    }
}
