using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Auth;

public class LogHygieneTests
{
    private const string Secret = "SECRETSECRET";

    [Fact]
    public async Task No_credential_reaches_the_log_at_any_level_or_a_trace()
    {
        using var lines = new Lines();
        var tags = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => tags.Enqueue(
                $"{activity.DisplayName} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.SelectMany(e => e.Tags))}"),
        };
        ActivitySource.AddActivityListener(listener);

        await using (var host = await AuthHost.StartAsync(build: builder => Loud(builder, lines)))
        {
            foreach (var path in new[] { "/open", "/me", "/download", "/nowhere", "/fault", "/write", "/socket.io/" })
                (await host.SendAsync(
                    HttpMethod.Get, $"{path}?a=1&token={Secret}&Ticket={Secret}&access_token={Secret}",
                    ("Authorization", $"Bearer {Secret}"), ("Sec-WebSocket-Protocol", $"bearer, {Secret}"))).Dispose();
            await Handshake(host.Address);
            await Raw(host.Address, $"GET /open?token={Secret} HTTP/1.1 x\r\n\r\n");
            await Raw(host.Address, $"GET /open?token={Secret}\r\n\r\n");
            await Raw(host.Address, $"GET /o\0pen?token={Secret} HTTP/1.1\r\n\r\n");
            await Raw(host.Address, $"GET /open HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer {Secret}\r\n\r\n");
            await Raw(host.Address, $"GET /open HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Secret}\0\r\n\r\n");
            await Raw(host.Address, $"GET http://localhost/open?token={Secret} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        }

        // It was listening, and at the finest level.
        Assert.Contains(lines.All, line => line.StartsWith("Trace", StringComparison.Ordinal) || line.StartsWith("Debug", StringComparison.Ordinal));
        Assert.Contains(lines.All, line => line.Contains("A caller was refused", StringComparison.Ordinal));
        Assert.NotEmpty(tags);
        Assert.DoesNotContain(lines.All, line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(tags, tag => tag.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_address_is_clean_before_the_host_sees_it()
    {
        using var lines = new Lines();
        await using (var host = await AuthHost.StartAsync(build: builder =>
        {
            Loud(builder, lines);
            // Later than the guard's own rules: as if nobody had silenced the category.
            builder.Services.PostConfigure<LoggerFilterOptions>(filters =>
            {
                filters.Rules.Clear();
                filters.MinLevel = LogLevel.Trace;
            });
        }))
            (await host.SendAsync(HttpMethod.Get, $"/open?a=1&token={Secret}")).Dispose();

        Assert.Contains(lines.All, line => line.Contains("/open?a=1", StringComparison.Ordinal));
        Assert.DoesNotContain(lines.All, line => line.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_would_go_round_the_guard_does_not_start() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => AuthHost.StartAsync(build: builder => builder.WebHost.UseKestrelCore()));

    /// <summary>Everything, also by rules of the provider's own, which beat general ones.</summary>
    private static void Loud(WebApplicationBuilder builder, Lines lines)
    {
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Default"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace",
            ["Logging:Lines:LogLevel:Default"] = "Trace",
            ["Logging:Lines:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "Trace",
        });
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.AddProvider(lines);
    }

    private static async Task Handshake(Uri host)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("bearer");
        socket.Options.AddSubProtocol(Secret);
        await socket.ConnectAsync(new UriBuilder(host) { Scheme = "ws", Path = "/ws", Query = $"?token={Secret}" }.Uri, default);
        await socket.ReceiveAsync(new ArraySegment<byte>(new byte[256]), default);
    }

    private static async Task Raw(Uri host, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Host, host.Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        Assert.NotEmpty(await reader.ReadToEndAsync());
    }

    /// <summary>Keeps what is logged, with its parameters and scopes.</summary>
    [ProviderAlias("Lines")]
    private sealed class Lines : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Line(this, categoryName);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }

        private sealed class Line(Lines lines, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => lines._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var text = new StringBuilder($"{logLevel} {category} {formatter(state, exception)} {exception}");
                if (state is IEnumerable<KeyValuePair<string, object?>> values)
                    text.AppendJoin(' ', values);
                lines._scopes.ForEachScope(
                    (scope, line) => line.Append(scope is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs) : scope), text);
                lines.All.Enqueue(text.ToString());
            }
        }
    }
}
