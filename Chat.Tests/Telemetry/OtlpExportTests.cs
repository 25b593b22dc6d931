using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Telemetry;

public sealed class OtlpExportTests
{
    [Fact]
    public async Task Traces_and_metrics_reach_the_collector_at_the_latest_when_the_server_stops()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using (var server = await TestServer.StartAsync(options => options with
        {
            Service = options.Service with { Name = "chat-under-test" },
            Telemetry = new TelemetryOptions { OtlpEndpoint = collector.Address },
        }))
        {
            var session = await server.CreateSessionAsync("kim");
            await using var client = await NativeClient.ConnectAsync(server, session, "kim");
            await client.PostAsync("hello");
            await client.CloseAsync();
        }

        Assert.All(collector.Requests, request => Assert.Equal("application/x-protobuf", request.Type));
        Assert.All(collector.Requests, request => Assert.Contains(request.Path, new[] { "/v1/traces", "/v1/metrics" }));
        var traces = collector.Bodies("/v1/traces");
        Assert.All(["websocket.frame", "session.ask", "journal.append", "trace_id", "chat-under-test", "service.instance.id"], name => Assert.Contains(name, traces, StringComparison.Ordinal));
        var metrics = collector.Bodies("/v1/metrics");
        Assert.All(["chat.journal.appends", "chat-under-test"], name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        Assert.DoesNotContain("hello", traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_is_away_holds_nothing_up_but_the_stop()
    {
        await using var server = await TestServer.StartAsync(options => options with { Telemetry = new TelemetryOptions { OtlpEndpoint = "http://127.0.0.1:9" } });
        var session = await server.CreateSessionAsync("kim");

        Assert.Equal(2, (await server.PostAsync(session, "kim", "hello")).Seq);
    }
}
