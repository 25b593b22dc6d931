using System.Collections.Concurrent;
using System.Text.Json;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Cli;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Telemetry;

[Collection("Processes")]
public sealed class ChatLoggingTests
{
    [Fact]
    public async Task Production_writes_each_line_as_JSON_with_a_time_in_UTC()
    {
        await using var server = await ChatProcess.ServeAsync(
            new Dictionary<string, string>(CommandLineTests.Production) { ["SERVICE_PORT"] = "0" }, "--set", "chat.service.address=127.0.0.1", "--set", "chat.files.thumbnails.enabled=false");
        await server.StopAsync();

        var lines = server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.All(lines, line =>
        {
            using var json = JsonDocument.Parse(line);
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", json.RootElement.GetProperty("Timestamp").GetString());
        });
        Assert.Equal(["Listening on", "Stopping", "Stopped"], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Message").GetString()!)
            .Select(message => message.StartsWith("Listening on", StringComparison.Ordinal) ? "Listening on" : message));
    }

    [Theory]
    [InlineData("DEBUG")]
    [InlineData("warning")]
    [InlineData("Critical")]
    public async Task Development_writes_single_lines_and_none_per_request_whatever_the_level(string level)
    {
        await using var server = await ChatProcess.ServeAsync(
            new Dictionary<string, string> { ["SERVICE_PORT"] = "0", ["LOG_LEVEL"] = level }, "--mode", "development");
        using var http = new HttpClient { BaseAddress = server.Address };
        await http.GetStringAsync("/health/live");
        await server.StopAsync();

        Assert.All(server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} \w{4}: Chat\.", line));
        Assert.DoesNotContain("/health/live", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_logged_of_a_session_carries_its_id_and_trace_id()
    {
        using var folder = new TempFolder();
        var path = folder.File("journal.db");
        await Migrations.ForSqlite(path, TimeProvider.System).UpAsync("journal");
        await using var journal = new FaultyJournal(SqliteJournal.Open(path, TimeProvider.System));
        var logger = new ScopedLogger();
        await using var gateway = new SessionGateway(new SessionActors(new SessionServices
        {
            Journal = journal,
            Time = TimeProvider.System,
            Publish = (_, _) => { },
            FindMessage = (_, _) => default,
            Logger = logger,
        }));
        var (session, kim) = (new SessionId("s1"), new Caller("kim", "kim"));
        await gateway.AskAsync(session, new CreateSession { Caller = kim, SessionId = session, TraceId = "trace_1" });
        journal.Next = FaultyJournal.Fault.LostAfter;

        // The request that happens to be the one that fails is not what the line is about.
        using (logger.BeginScope("request"))
        {
            await gateway.AskAsync(session, new PostMessage { Caller = kim, MessageId = MessageId.New(), RunId = MessageId.New(), Content = "hello" });
        }

        Assert.Equal([(101, "session_id:s1 trace_id:trace_1")], logger.Lines);
    }

    private sealed class ScopedLogger : ILogger
    {
        private readonly LoggerExternalScopeProvider _scopes = new();

        public ConcurrentQueue<(int Id, string Scopes)> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var scopes = new List<string?>();
            _scopes.ForEachScope((scope, all) => all.Add(scope?.ToString()), scopes);
            Lines.Enqueue((eventId.Id, string.Join(' ', scopes)));
        }
    }
}
