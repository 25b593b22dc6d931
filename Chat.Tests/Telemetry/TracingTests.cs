using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Chat.Actors.Runtime;
using Chat.Tests.Support;

namespace Chat.Tests.Telemetry;

/// <summary>The spans from a request to the log. Other tests run beside these: each looks for its own session only.</summary>
public sealed class TracingTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is ChatActivity.SourceName or "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_traceparent_leads_from_the_request_through_the_ask_to_the_append()
    {
        await using var server = await TestServer.StartAsync();
        var trace = ActivityTraceId.CreateRandom();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/chat/sessions")
        {
            Content = JsonContent.Create(new { title = "traced" }),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", server.Token("kim")) },
        };
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        using var response = await server.Http.SendAsync(request);
        var created = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        var (ask, append) = (Single("session.ask", (string)created["session_id"]!), Single("journal.append", (string)created["session_id"]!));

        Assert.Equal((trace, trace), (ask.TraceId, append.TraceId));
        Assert.Equal(ask.SpanId, append.ParentSpanId);
        Assert.Equal(ask.GetTagItem(ChatActivity.TraceTag), append.GetTagItem(ChatActivity.TraceTag));
        Assert.StartsWith("trace_", (string?)ask.GetTagItem(ChatActivity.TraceTag), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_frame_is_a_trace_of_its_own_linked_to_the_request_of_its_socket()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("kim");
        _ended.Clear();
        await using (var client = await NativeClient.ConnectAsync(server, session, "kim"))
        {
            await client.PostAsync("one");
            await client.PostAsync("two");
            await client.CloseAsync();
        }

        var asks = Ended("session.ask", session).ToList();

        Assert.Equal(2, asks.Select(ask => ask.TraceId).Distinct().Count());
        Assert.All(asks, ask =>
        {
            var frame = Assert.Single(_ended, span => span.OperationName == "websocket.frame" && span.SpanId == ask.ParentSpanId);
            Assert.NotEqual(frame.TraceId, Assert.Single(frame.Links).Context.TraceId);
        });
    }

    [Fact]
    public async Task An_append_for_many_asks_is_the_first_ones_child_and_linked_to_the_others()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("kim");
        _ended.Clear();
        await server.PostManyAsync(session, "kim", 200);

        var appends = Ended("journal.append", session).ToList();

        Assert.True(appends.Count < 200, "Nothing was appended together");
        Assert.Equal(200, appends.Sum(append => 1 + append.Links.Count()));
        Assert.Equal(200, appends.Sum(append => (int)append.GetTagItem("chat.events")!));
    }

    private Activity Single(string name, string session) => Assert.Single(Ended(name, session));

    private IEnumerable<Activity> Ended(string name, string session) =>
        _ended.Where(span => span.OperationName == name && (string?)span.GetTagItem(ChatActivity.SessionTag) == session);
}
