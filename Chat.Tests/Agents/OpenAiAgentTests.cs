using System.Text.Json;
using Chat.Actors.Agents;
using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Agents;

public sealed class OpenAiAgentTests : IAsyncLifetime
{
    private static readonly TimeSpan FirstToken = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BetweenTokens = TimeSpan.FromSeconds(30);

    /// <summary>The default of the HTTP client would hold a connection for 2 s in the hope of using it again.</summary>
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChatCompletionServer _server = null!;
    private OpenAiAgent _agent = null!;

    public async Task InitializeAsync()
    {
        _server = await ChatCompletionServer.StartAsync();
        _agent = Agent();
    }

    public async Task DisposeAsync()
    {
        _gone.TrySetResult();
        _agent.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task It_streams_the_service_s_tokens_and_tells_how_many()
    {
        _server.Then(Whole("안녕", " 👋", "!"));
        var tokens = await ReadAsync();
        Assert.Equal(["안녕", " 👋", "!", ""], tokens.Select(token => token.Text));
        Assert.Equal(42, tokens[^1].TokensUsed);
    }

    [Fact]
    public async Task It_sends_model_key_system_prompt_and_conversation()
    {
        _server.Then(Whole("ok"));
        await ReadAsync(conversation: [new AgentTurn(false, "김", "안녕"), new AgentTurn(true, "Model", "네?"), new AgentTurn(false, "김", " "), new AgentTurn(false, "김", "뭐해")]);
        var (path, authorization, body) = _server.Requests.Single();
        Assert.Equal(("/v1/chat/completions", "Bearer sk-secret"), (path, authorization));
        Assert.Equal("m", body.GetProperty("model").GetString());
        Assert.True(body.GetProperty("stream").GetBoolean());
        Assert.True(body.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal([("system", "Be brief."), ("user", "안녕"), ("assistant", "네?"), ("user", "뭐해")], Messages(body));
    }

    [Fact]
    public async Task Where_several_people_speak_it_says_who()
    {
        _server.Then(Whole("ok"));
        await ReadAsync(conversation: [new AgentTurn(false, "김", "안녕"), new AgentTurn(false, "Ann", "hi")]);
        Assert.Equal([("system", "Be brief."), ("user", "김: 안녕"), ("user", "Ann: hi")], Messages(_server.Requests.Single().Body));
    }

    [Fact]
    public async Task What_is_written_is_given_as_the_beginning_of_the_answer()
    {
        _server.Then(Whole(" a time"));
        await ReadAsync(written: "Once upon");
        Assert.Equal(("assistant", "Once upon"), Messages(_server.Requests.Single().Body)[^1]);
    }

    [Fact]
    public async Task After_429_it_waits_as_long_as_the_service_asks_and_tries_again()
    {
        _server.Then(answer => answer.RefuseAsync(429, retryAfter: "7")).Then(Whole("ok"));
        var reading = ReadAsync();
        await _time.PassAsync(TimeSpan.FromSeconds(7));
        Assert.Equal("ok", (await reading)[0].Text);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task A_date_to_come_back_at_is_kept_too()
    {
        _server.Then(answer => answer.RefuseAsync(503, retryAfter: (ManualTime.Start + TimeSpan.FromSeconds(9)).ToString("r"))).Then(Whole("ok"));
        var reading = ReadAsync();
        await _time.PassAsync(TimeSpan.FromSeconds(9));
        Assert.Equal("ok", (await reading)[0].Text);
    }

    [Fact]
    public async Task A_service_that_wants_a_long_rest_fails_the_answer()
    {
        _server.Then(answer => answer.RefuseAsync(429, retryAfter: "3600"));
        Assert.Equal("The agent's service answered 429", await FailAsync(ReadAsync()));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Failures_before_the_first_token_are_tried_again_up_to_the_limit()
    {
        _server.Then(answer => answer.RefuseAsync(500)).Then(BreakOffBeforeText).Then(answer => answer.RefuseAsync(502));
        var reading = ReadAsync();
        await BackoffTwiceAsync();
        Assert.Equal("The agent's service answered 502", await FailAsync(reading));
        Assert.Equal(3, _server.Requests.Count);
    }

    [Theory]
    [InlineData(400, "The agent's service answered 400")]
    [InlineData(401, "The agent's service refused the server's key")]
    [InlineData(404, "The agent's service does not know the model")]
    public async Task A_request_that_cannot_succeed_is_not_tried_again_and_no_secret_is_told(int status, string text)
    {
        _server.Then(answer => answer.RefuseAsync(status));
        Assert.Equal(text, await FailAsync(ReadAsync()));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_stall_before_the_first_token_is_tried_again()
    {
        _server.Then(answer => answer.StallAsync(_gone)).Then(Whole("ok"));
        var reading = ReadAsync();
        await _server.RequestedAsync();
        await _time.PassAsync(FirstToken);
        await _gone.Task.WaitAsync(Promptly);
        await BackoffAsync();
        Assert.Equal("ok", (await reading)[0].Text);
    }

    [Fact]
    public async Task A_stall_after_a_token_fails_and_is_not_tried_again()
    {
        _server.Then(async answer =>
        {
            await answer.TextAsync("half");
            await answer.StallAsync(_gone);
        });
        await using var tokens = Open().GetAsyncEnumerator();
        Assert.True(await tokens.MoveNextAsync());
        var next = tokens.MoveNextAsync().AsTask();
        await _time.PassAsync(BetweenTokens);
        Assert.Equal("The agent's service was silent for too long", await FailAsync(next));
        await _gone.Task.WaitAsync(Promptly);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Silence_does_not_count_while_the_log_is_slow()
    {
        _server.Then(Whole("one", "two"));
        await using var tokens = Open().GetAsyncEnumerator();
        Assert.True(await tokens.MoveNextAsync());
        _time.Advance(BetweenTokens * 10);
        Assert.True(await tokens.MoveNextAsync());
        Assert.Equal("two", tokens.Current.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_breaks_off_in_the_middle_fails_and_is_not_tried_again(bool politely)
    {
        // An aborted connection drops what the client has not read yet.
        var shown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Then(async answer =>
        {
            await answer.TextAsync("half");
            await shown.Task;
            if (!politely)
            {
                answer.BreakOff();
            }
        });
        await using var tokens = Open().GetAsyncEnumerator();
        Assert.True(await tokens.MoveNextAsync());
        Assert.Equal("half", tokens.Current.Text);
        shown.SetResult();
        Assert.Equal("The agent's service broke off", await FailAsync(tokens.MoveNextAsync().AsTask()));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Garbage_fails_with_a_safe_text()
    {
        _server.Then(answer => answer.EventAsync("<html>sk-secret</html>"));
        Assert.Equal("The agent's service sent something unreadable", await FailAsync(ReadAsync()));
    }

    [Fact]
    public async Task An_error_event_in_the_stream_is_a_failure()
    {
        _server.Then(async answer =>
        {
            await answer.TextAsync("half");
            await answer.EventAsync("""{"error":{"message":"overloaded","code":503}}""");
        });
        Assert.StartsWith("The agent's service ", await FailAsync(ReadAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_the_service_withholds_is_a_failure()
    {
        _server.Then(async answer =>
        {
            await answer.RoleAsync();
            await answer.FinishAsync("content_filter");
        });
        Assert.Equal("The agent's service withheld its answer", await FailAsync(ReadAsync()));
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_tried_again_and_then_fails_without_its_address()
    {
        await _server.DisposeAsync();
        var reading = ReadAsync();
        await BackoffTwiceAsync();
        Assert.Equal("The agent's service could not be reached", await FailAsync(reading));
    }

    [Fact]
    public async Task Stop_before_the_first_token_closes_the_connection()
    {
        _server.Then(answer => answer.StallAsync(_gone));
        using var stop = new CancellationTokenSource();
        await using var tokens = Open(stop: stop.Token).GetAsyncEnumerator();
        var next = tokens.MoveNextAsync().AsTask();
        await _server.RequestedAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await _gone.Task.WaitAsync(Promptly);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Stop_while_a_token_is_awaited_closes_the_connection()
    {
        _server.Then(TextThenStall);
        using var stop = new CancellationTokenSource();
        await using var tokens = Open(stop: stop.Token).GetAsyncEnumerator();
        Assert.True(await tokens.MoveNextAsync());
        var next = tokens.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await _gone.Task.WaitAsync(Promptly);
    }

    [Fact]
    public async Task Leaving_between_two_tokens_closes_the_connection()
    {
        _server.Then(TextThenStall);
        await using (var tokens = Open().GetAsyncEnumerator())
        {
            Assert.True(await tokens.MoveNextAsync());
        }
        await _gone.Task.WaitAsync(Promptly);
    }

    [Fact]
    public async Task Stop_during_the_wait_between_two_tries_ends_it()
    {
        _server.Then(answer => answer.RefuseAsync(429, retryAfter: "7"));
        using var stop = new CancellationTokenSource();
        var reading = ReadAsync(stop: stop.Token);
        await _time.ArmedAsync(TimeSpan.FromSeconds(7));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Stopping_the_run_closes_the_connection()
    {
        _server.Then(TextThenStall);
        var gateway = new ScriptedGateway(_time);
        var options = new AgentRunOptions { Node = "n1", ChunkSize = 3, Delay = TimeSpan.Zero };
        await using var runs = new AgentRuns(gateway, gateway, _ => _agent, options, _time, NullLogger<AgentRuns>.Instance);
        gateway.Observer = (session, events) => runs.Observe(session, events);
        var session = new SessionId("s");
        gateway.Post(session, _agent.Id);
        await gateway.NextAsync<AppendChunk>();
        await gateway.StopAsync(session);
        await _gone.Task.WaitAsync(Promptly);
        Assert.Equal((StreamStatus.Stopped, "hal"), gateway.Ended.Select(ended => (ended.Status, ended.Content)).Single());
    }

    private OpenAiAgent Agent() => new(
        new AgentOptions
        {
            Id = 2,
            Name = "Model",
            Provider = "openai",
            Model = "m",
            ApiKey = "sk-secret",
            Address = _server.Address,
            SystemPrompt = "Be brief.",
            FirstTokenTimeout = FirstToken,
            TokenTimeout = BetweenTokens,
            MaxAttempts = 3,
        },
        _time);

    private IAsyncEnumerable<AgentToken> Open(IReadOnlyList<AgentTurn>? conversation = null, string written = "", CancellationToken stop = default) =>
        _agent.AnswerAsync(new AgentPrompt(new SessionId("s"), conversation ?? [new AgentTurn(false, "u", "hi")], null, written), stop);

    private async Task<List<AgentToken>> ReadAsync(IReadOnlyList<AgentTurn>? conversation = null, string written = "", CancellationToken stop = default)
    {
        var tokens = new List<AgentToken>();
        await ReadIntoAsync(tokens, conversation, written, stop).WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        return tokens;
    }

    private async Task ReadIntoAsync(List<AgentToken> tokens, IReadOnlyList<AgentTurn>? conversation = null, string written = "", CancellationToken stop = default)
    {
        await foreach (var token in Open(conversation, written, stop))
        {
            tokens.Add(token);
        }
    }

    private static Func<CompletionAnswer, Task> Whole(params string[] texts) => async answer =>
    {
        await answer.RoleAsync();
        foreach (var text in texts)
        {
            await answer.TextAsync(text);
        }
        await answer.FinishAsync(tokens: 42);
    };

    private static async Task BreakOffBeforeText(CompletionAnswer answer)
    {
        await answer.RoleAsync();
        answer.BreakOff();
    }

    private async Task TextThenStall(CompletionAnswer answer)
    {
        await answer.TextAsync("half");
        await answer.StallAsync(_gone);
    }

    /// <summary>Lets the agent's own wait between two tries pass.</summary>
    private Task BackoffAsync() => BackoffAsync(TimeSpan.FromSeconds(4));

    private async Task BackoffTwiceAsync()
    {
        // No longer than the first wait can be: the second one may be armed before the clock stands again, and would pass with it.
        await BackoffAsync(TimeSpan.FromMilliseconds(500));
        await BackoffAsync();
    }

    /// <param name="longest">That it can be.</param>
    private async Task BackoffAsync(TimeSpan longest)
    {
        await _time.ArmedAsync(left => left <= longest);
        _time.Advance(longest);
    }

    private static async Task<string> FailAsync(Task reading) => (await Assert.ThrowsAsync<AgentException>(() => reading.WaitAsync(TimeSpan.FromSeconds(30)))).Message;

    private static List<(string, string)> Messages(JsonElement body) =>
        [.. body.GetProperty("messages").EnumerateArray().Select(message => (message.GetProperty("role").GetString()!, Text(message.GetProperty("content"))))];

    private static string Text(JsonElement content) =>
        content.ValueKind == JsonValueKind.String ? content.GetString()! : string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
}
