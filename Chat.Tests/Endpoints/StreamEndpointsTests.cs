using System.Net;
using System.Text.Json;

namespace Chat.Tests.Endpoints;

public sealed class StreamEndpointsTests(RestServer rest) : IClassFixture<RestServer>
{
    /// <summary>An answer of 400 characters in 40 chunks.</summary>
    private static readonly object Long = new { content = "tell", metadata = new { echo = new { text = Story } } };

    /// <summary>An answer that stands still until somebody stops it.</summary>
    private static readonly object Slow = new { content = "tell", metadata = new { echo = new { tokens = 2, first_delay_ms = 600_000 } } };

    /// <summary>Its first words come at once, and then one in ten minutes.</summary>
    private static readonly object Halting = new { content = "tell", metadata = new { echo = new { text = "0123456789 0123456789 never", rate = 0.0016 } } };

    private static string Story => string.Concat(Enumerable.Range(0, 50).Select(i => $"단어{i:000} 이 "));

    [Fact]
    public async Task An_answer_is_streamed_in_the_seeds_form_from_its_start_to_its_end()
    {
        var session = await rest.CreateAsync("mina");
        using var stream = await OpenAsync("mina", session, Long);
        Assert.Equal("no-cache", stream.Response.Headers.CacheControl!.ToString());
        Assert.Equal("no", stream.Response.Headers.GetValues("X-Accel-Buffering").Single());

        var events = await stream.RestAsync();

        Assert.Equal("stream_start", events[0].Type);
        Assert.Equal("agent", events[0].Data.GetProperty("sender_type").GetString());
        Assert.All(events[1..^1], e => Assert.Equal("stream_chunk", e.Type));
        Assert.Equal("stream_end", events[^1].Type);
        Assert.Equal("complete", events[^1].Data.GetProperty("status").GetString());
        Assert.Equal(100, events[^1].Data.GetProperty("tokens_used").GetInt32());
        Assert.True(events[^1].Data.GetProperty("latency_ms").GetInt32() >= 0);
        Assert.Single(events.Select(e => e.MessageId).Distinct());
        Assert.Equal(Story, string.Concat(events[1..^1].Select(e => e.Content)));
        Assert.Equal(Enumerable.Range(0, events.Count - 2), events[1..^1].Select(e => e.Data.GetProperty("index").GetInt32()));
        Assert.Equal(events.Select(e => e.Id).Order(), events.Select(e => e.Id));

        var history = await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages");
        var row = history["messages"][1];
        Assert.Equal(("stream", Story), (row.GetProperty("message_type").GetString(), row.GetProperty("content").GetString()));
        Assert.Equal(100, row.GetProperty("metadata").GetProperty("tokens_used").GetInt32());
        Assert.Equal(events[^1].Id, row.GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Resuming_in_the_middle_loses_and_doubles_nothing()
    {
        var session = await rest.CreateAsync("mina", new { agent_id = 1 });
        List<SentEvent> seen = [];
        using (var broken = await OpenAsync("mina", session, Long))
        {
            for (var i = 0; i < 10; i++)
            {
                seen.Add((await broken.NextAsync())!);
            }
        }
        using (var resumed = await OpenAsync("mina", session, "this is no JSON", lastEventId: $"{seen[^1].Id}"))
        {
            seen.AddRange(await resumed.RestAsync());
        }
        Assert.Equal(Story, string.Concat(seen.Where(e => e.Type == "stream_chunk").Select(e => e.Content)));
        Assert.Equal(seen.Count, seen.Select(e => e.Id).Distinct().Count());
        Assert.Equal("complete", seen[^1].Data.GetProperty("status").GetString());

        var run = seen[0].MessageId;
        using (var again = await FollowAsync("mina", session, run, lastEventId: $"{seen[20].Id}"))
        {
            Assert.Equal(seen[21..].Select(e => e.Id), (await again.RestAsync()).Select(e => e.Id));
        }
        using (var whole = await FollowAsync("mina", session, run))
        {
            Assert.Equal(seen.Select(e => e.Data.GetRawText()), (await whole.RestAsync()).Select(e => e.Data.GetRawText()));
        }
        Assert.Equal(HttpStatusCode.NoContent, (await rest.SendAsync("mina", "GET", Follow(session, run), null, ("Last-Event-ID", $"{seen[^1].Id}"))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await rest.SendAsync("mina", "POST", Stream(session), null, ("Last-Event-ID", $"{seen[^1].Id}"))).Status);
    }

    [Fact]
    public async Task A_repeat_streams_the_same_answer_again()
    {
        var session = await rest.CreateAsync("mina");
        using var first = await OpenAsync("mina", session, Long, idempotencyKey: "once");
        var events = await first.RestAsync();
        using var second = await OpenAsync("mina", session, Long, idempotencyKey: "once");

        Assert.Equal(events.Select(e => (e.Id, e.Data.GetRawText())), (await second.RestAsync()).Select(e => (e.Id, e.Data.GetRawText())));
        Assert.Equal(2, (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}"))["message_count"].GetInt32());
    }

    [Fact]
    public async Task Answers_wait_their_turn_and_their_streams_with_them()
    {
        var session = await rest.CreateAsync("mina");
        using var running = await OpenAsync("mina", session, Slow);
        var start = await running.NextAsync();
        using var queued = await OpenAsync("mina", session, Long);

        var runs = (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}"))["open_runs"];
        Assert.Equal(["running", "queued"], runs.EnumerateArray().Select(run => run.GetProperty("status").GetString()));
        using var queuedToo = await FollowAsync("mina", session, runs[1].GetProperty("message_id").GetString()!);

        Assert.Equal("stopped", (await StopAsync("mina", session, start!.MessageId))["status"].GetString());
        Assert.Equal("stopped", (await running.RestAsync())[^1].Data.GetProperty("status").GetString());
        var events = await queued.RestAsync();
        Assert.Equal("complete", events[^1].Data.GetProperty("status").GetString());
        Assert.Equal(events.Select(e => e.Id), (await queuedToo.RestAsync()).Select(e => e.Id));
    }

    [Fact]
    public async Task Stopping_ends_the_stream_and_says_so_again_later()
    {
        var session = await rest.CreateAsync("mina");
        using var stream = await OpenAsync("mina", session, Halting);
        var start = await stream.NextAsync();
        Assert.Equal("stream_chunk", (await stream.NextAsync())!.Type);

        var stopped = await StopAsync("mina", session, start!.MessageId);
        Assert.Equal(HttpStatusCode.OK, stopped.Status);
        Assert.Equal((start.MessageId, "stopped"), (stopped["message_id"].GetString(), stopped["status"].GetString()));
        Assert.Equal("stopped", (await stream.RestAsync())[^1].Data.GetProperty("status").GetString());
        Assert.Equal("stopped", (await StopAsync("mina", session, start.MessageId))["status"].GetString());
    }

    [Fact]
    public async Task An_answer_that_is_stopped_while_it_waits_begins_and_ends()
    {
        var session = await rest.CreateAsync("mina");
        using var running = await OpenAsync("mina", session, Slow);
        var first = (await running.NextAsync())!.MessageId;
        using var queued = await OpenAsync("mina", session, Long);
        var runs = (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}"))["open_runs"];

        await StopAsync("mina", session, runs[1].GetProperty("message_id").GetString()!);

        Assert.Equal(["stream_start", "stream_end"], (await queued.RestAsync()).Select(e => e.Type));
        await StopAsync("mina", session, first);
    }

    [Fact]
    public async Task Closing_the_request_does_not_stop_the_agent()
    {
        var session = await rest.CreateAsync("mina");
        string run;
        using (var stream = await OpenAsync("mina", session, Long))
        {
            run = (await stream.NextAsync())!.MessageId;
        }
        using var again = await FollowAsync("mina", session, run);
        var events = await again.RestAsync();
        Assert.Equal("complete", events[^1].Data.GetProperty("status").GetString());
        Assert.Equal(Story, string.Concat(events[1..^1].Select(e => e.Content)));
    }

    [Fact]
    public async Task A_member_who_is_removed_reads_no_further()
    {
        var session = await rest.CreateAsync("mina", new { members = new[] { "juno" } });
        using var stream = await OpenAsync("juno", session, Halting);
        var start = await stream.NextAsync();
        Assert.Equal("stream_chunk", (await stream.NextAsync())!.Type);

        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}/members/juno")).Status);

        Assert.DoesNotContain(await stream.RestAsync(), e => e.Type == "stream_end");
        await StopAsync("mina", session, start!.MessageId);
        (await rest.SendAsync("juno", "GET", Follow(session, start.MessageId))).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task A_ticket_opens_a_stream_once()
    {
        var session = await rest.CreateAsync("mina");
        using var stream = await OpenAsync("mina", session, Long);
        var run = (await stream.RestAsync())[0].MessageId;
        var ticket = (await rest.SendAsync("mina", "POST", "/api/chat/tickets"))["ticket"].GetString();

        using (var byTicket = await EventReader.OpenAsync(rest.Server.Http, rest.Request(null, "GET", $"{Follow(session, run)}?ticket={ticket}")))
        {
            Assert.Equal("stream_end", (await byTicket.RestAsync())[^1].Type);
        }
        (await rest.SendAsync(null, "GET", $"{Follow(session, run)}?ticket={ticket}")).AssertProblem(401, "UNAUTHORIZED");
        (await rest.SendAsync(null, "POST", $"{Stream(session)}?ticket={ticket}", Long)).AssertProblem(401, "UNAUTHORIZED");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("2")]
    [InlineData("100000")]
    [InlineData("99999999999999999")]
    public async Task An_event_that_is_of_no_answer_is_not_resumed(string lastEventId)
    {
        var session = await rest.CreateAsync("mina");
        await rest.PostAsync("mina", session, "no answer");
        (await rest.SendAsync("mina", "POST", Stream(session), null, ("Last-Event-ID", lastEventId))).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "GET", Follow(session, "msg_unknown"), null, ("Last-Event-ID", lastEventId))).AssertProblem(404, "NOT_FOUND");
    }

    [Fact]
    public async Task What_is_no_answer_has_no_stream()
    {
        var session = await rest.CreateAsync("mina");
        var message = (await rest.PostAsync("mina", session, "plain"))["message_id"].GetString()!;
        (await rest.SendAsync("mina", "GET", Follow(session, message))).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "GET", Follow(session, "msg_unknown"))).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "GET", Follow(session, new string('m', 101)))).AssertProblem(404, "NOT_FOUND");
        (await StopAsync("mina", session, message)).AssertProblem(404, "NOT_FOUND");
        (await StopAsync("mina", session, "msg_unknown")).AssertProblem(404, "NOT_FOUND");
        (await rest.SendAsync("mina", "GET", Follow(session, message), null, ("Last-Event-ID", "-1"))).AssertProblem(422, "BAD_FIELD");
    }

    [Fact]
    public async Task Where_nobody_answers_nothing_is_stored()
    {
        var session = await rest.CreateAsync("mina", new { agent_id = 2 });
        (await rest.SendAsync("mina", "POST", Stream(session), Long)).AssertProblem(409, "NOT_ANSWERED");
        Assert.Equal(0, (await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}"))["message_count"].GetInt32());

        var plain = await rest.CreateAsync("mina", new { members = new[] { RestServer.Agent } });
        (await rest.SendAsync(RestServer.Agent, "POST", Stream(plain), Long)).AssertProblem(409, "NOT_ANSWERED");
        await rest.SendAsync("mina", "POST", $"/api/chat/sessions/{plain}/messages", new { content = "x", client_message_id = "k" });
        (await rest.SendAsync("mina", "POST", Stream(plain), new { content = "x", client_message_id = "k" })).AssertProblem(409, "NOT_ANSWERED");
    }

    [Fact]
    public async Task A_stream_begins_with_the_same_checks_as_a_message()
    {
        var session = await rest.CreateAsync("mina");
        (await rest.SendAsync("mina", "POST", Stream(session), "{")).AssertProblem(400, "BAD_JSON");
        (await rest.SendAsync("mina", "POST", Stream(session), new { content = " " })).AssertProblem(422, "EMPTY_MESSAGE");
        await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}");
        (await rest.SendAsync("mina", "POST", Stream(session), Long)).AssertProblem(409, "ARCHIVED");
    }

    private static string Stream(string session) => $"/api/chat/sessions/{session}/messages/stream";

    private static string Follow(string session, string run) => $"/api/chat/sessions/{session}/streams/{run}";

    private Task<Answer> StopAsync(string user, string session, string run) => rest.SendAsync(user, "POST", $"{Follow(session, run)}/stop");

    private Task<EventReader> FollowAsync(string user, string session, string run, string? lastEventId = null) =>
        EventReader.OpenAsync(rest.Server.Http, rest.Request(user, "GET", Follow(session, run)), lastEventId);

    private Task<EventReader> OpenAsync(string user, string session, object body, string? lastEventId = null, string? idempotencyKey = null)
    {
        var request = rest.Request(user, "POST", Stream(session), body);
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }
        return EventReader.OpenAsync(rest.Server.Http, request, lastEventId);
    }
}
