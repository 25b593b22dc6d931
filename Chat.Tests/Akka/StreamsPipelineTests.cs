using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Chat.Actors.Agents;
using Chat.Actors.AkkaEngine;
using Chat.Protocol;
using Chat.Tests.Agents;

namespace Chat.Tests.AkkaEngine;

/// <summary>In real time: only lower bounds, orders and counts are asserted.</summary>
public sealed class StreamsPipelineTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);
    private static readonly AgentPrompt Prompt = new(new SessionId("s"), [new AgentTurn(false, "u", "hi")], null, "");
    private readonly ActorSystem _system = ActorSystem.Create("streams");
    private readonly Func<int, TimeSpan, IChunkPipeline> _new;
    private readonly TestAgent _agent = new();

    public StreamsPipelineTests() => _new = StreamsPipeline.In(_system);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _system.Terminate();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task Chunks_are_whole_graphemes_and_together_the_answer(int size)
    {
        const string answer = "ne\u0301e \u1112\u1161\u11ab\u1100\u1173\u11af \U0001F468\u200D\U0001F469\u200D\U0001F467 \U0001F1EB\U0001F1F7\U0001F1E9\U0001F1EA\r\nend";
        var agent = new TestAgent { Always = [.. answer.Select(unit => unit.ToString())] };
        var chunks = await ReadAllAsync(_new(size, TimeSpan.Zero), agent);
        Assert.Equal(answer, string.Concat(chunks));
        Assert.All(chunks, chunk => Assert.InRange(new StringInfo(chunk).LengthInTextElements, 1, size));
        Assert.Equal(new StringInfo(answer).LengthInTextElements, chunks.Sum(chunk => new StringInfo(chunk).LengthInTextElements));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public async Task A_provider_that_does_not_pause_is_cut_as_by_the_other_pipeline(int size)
    {
        // A scheduler that stands still: no stall of the machine is taken for a pause.
        using var system = ActorSystem.Create("still", "akka.scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"");
        var agent = new TestAgent { Always = [.. Enumerable.Range(0, 1_000).Select(i => $"t{i} \u00e9")] };
        var expected = await ReadAllAsync(new ChunkPipeline(size, TimeSpan.Zero, TimeProvider.System), agent);
        Assert.Equal(expected, await ReadAllAsync(StreamsPipeline.In(system)(size, TimeSpan.Zero), agent));
    }

    [Fact]
    public async Task Chunks_keep_their_pace()
    {
        var agent = new TestAgent { Always = [new string('x', 100)] };
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(10, (await ReadAllAsync(_new(10, Delay), agent)).Count);
        Assert.True(Stopwatch.GetElapsedTime(began) >= 9 * Delay);
    }

    [Fact]
    public async Task A_slow_log_is_not_made_up_for_by_a_burst()
    {
        var chunks = Read(_new(10, Delay));
        var next = NextAsync(chunks);
        (await _agent.OpenedAsync()).Give(new string('x', 100));
        Assert.True(await next);
        for (var i = 0; i < 4; i++)
        {
            await Task.Delay(1.5 * Delay);
            var asked = Stopwatch.GetTimestamp();
            Assert.True(await NextAsync(chunks));
            Assert.True(await NextAsync(chunks));
            Assert.True(Stopwatch.GetElapsedTime(asked) >= Delay);
        }
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task A_pause_of_the_provider_shows_the_graphemes_that_are_whole()
    {
        var chunks = Read(_new(10, Delay));
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        var given = Stopwatch.GetTimestamp();
        stream.Give("He\u0301llo");
        Assert.True(await next);
        Assert.Equal("He\u0301ll", chunks.Current);
        Assert.True(Stopwatch.GetElapsedTime(given) >= Delay);

        next = NextAsync(chunks);
        stream.End();
        Assert.True(await next);
        Assert.Equal("o", chunks.Current);
        Assert.False(await NextAsync(chunks));
    }

    [Fact]
    public async Task The_provider_is_read_at_most_one_token_ahead()
    {
        var chunks = Read(_new(1, TimeSpan.Zero));
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        stream.Give([.. Enumerable.Range(0, 100).Select(i => $"{i % 10}")]);
        Assert.True(await next);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(2 + i, stream.Taken);
            Assert.True(await NextAsync(chunks));
        }

        // Time enough to read ahead, were it tried.
        await Task.Delay(4 * Delay);
        Assert.Equal(52, stream.Taken);
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task Cancelling_closes_a_provider_that_is_silent()
    {
        using var stop = new CancellationTokenSource();
        var chunks = Read(_new(10, Delay), stop: stop.Token);
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Cancelling_does_not_wait_for_the_pace()
    {
        using var stop = new CancellationTokenSource();
        var chunks = Read(_new(10, TimeSpan.FromHours(1)), stop: stop.Token);
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        stream.Give(new string('x', 100));
        Assert.True(await next);
        next = NextAsync(chunks);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task What_arrives_after_a_cancel_is_not_shown()
    {
        using var stop = new CancellationTokenSource();
        var chunks = Read(_new(10, Delay), new Provider(() => CancellingAsync(stop)), stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NextAsync(chunks));
    }

    [Fact]
    public async Task An_answer_cancelled_before_it_begins_gives_nothing()
    {
        var agent = new TestAgent { Always = ["never shown"] };
        var chunks = Read(_new(1, TimeSpan.Zero), agent, new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NextAsync(chunks));
    }

    [Fact]
    public async Task Leaving_early_closes_the_provider()
    {
        var chunks = Read(_new(1, TimeSpan.Zero));
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        stream.Give("abc");
        Assert.True(await next);
        Assert.False(stream.IsClosed);
        await chunks.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task A_provider_that_does_not_heed_cancellation_is_left_to_itself()
    {
        using var stop = new CancellationTokenSource();
        var asked = NewSignal();
        var chunks = Read(_new(10, Delay), new Provider(() => DeafAsync(asked)), stop.Token);
        var next = NextAsync(chunks);
        await asked.Task.WaitAsync(Patience);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task A_provider_that_is_cancelled_between_two_tokens_is_closed_after_the_next()
    {
        using var stop = new CancellationTokenSource();
        var (asked, token, closed) = (NewSignal(), NewSignal(), NewSignal());
        var chunks = Read(_new(10, Delay), new Provider(() => HardOfHearingAsync(asked, token.Task, closed)), stop.Token);
        var next = NextAsync(chunks);
        await asked.Task.WaitAsync(Patience);
        await stop.CancelAsync();
        token.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.True(closed.Task.IsCompleted);
    }

    [Fact]
    public async Task What_a_failing_provider_gave_is_shown_before_its_own_exception()
    {
        var chunks = Read(_new(10, Delay));
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        var failure = new AgentException("gone");
        stream.Give(new string('x', 25));
        stream.Fail(failure);
        var shown = 0;
        var caught = await Assert.ThrowsAsync<AgentException>(async () =>
        {
            for (; await next; next = NextAsync(chunks))
            {
                shown += chunks.Current.Length;
            }
        });
        Assert.Same(failure, caught);
        Assert.Equal(25, shown);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task A_provider_that_gives_up_by_itself_is_not_taken_for_an_end()
    {
        var chunks = Read(_new(10, Delay));
        var next = NextAsync(chunks);
        (await _agent.OpenedAsync()).Fail(new TaskCanceledException("timed out"));
        await Assert.ThrowsAsync<TaskCanceledException>(() => next);
    }

    [Fact]
    public async Task The_end_of_the_actor_system_ends_the_answer_and_closes_the_provider()
    {
        var chunks = Read(_new(10, Delay));
        var next = NextAsync(chunks);
        var stream = await _agent.OpenedAsync();
        await _system.Terminate();
        Assert.False(await Record.ExceptionAsync(() => next) is null or TimeoutException);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task An_empty_answer_has_no_chunk()
    {
        var pipeline = _new(10, Delay);
        Assert.Empty(await ReadAllAsync(pipeline, new TestAgent { Always = ["", ""] }));
        Assert.Equal(0, pipeline.TokensUsed);
    }

    [Fact]
    public async Task Pieces_are_counted_unless_the_provider_tells()
    {
        var counted = _new(10, TimeSpan.Zero);
        await ReadAllAsync(counted, new TestAgent { Always = ["a", "", "b"] });
        Assert.Equal(2, counted.TokensUsed);

        var told = _new(10, TimeSpan.Zero);
        await ReadAllAsync(told, new Provider(() => ToldAsync()));
        Assert.Equal(42, told.TokensUsed);
    }

    [Fact]
    public async Task Ten_answers_at_once_do_not_mix()
    {
        string Word(int answer, int i) => $"{answer}:{i} ";
        var answers = Enumerable.Range(0, 10).Select(answer => ReadAllAsync(
            _new(3, TimeSpan.FromMilliseconds(1)), new TestAgent { Always = [.. Enumerable.Range(0, 20).Select(i => Word(answer, i))] }));
        var read = await Task.WhenAll(answers);
        Assert.All(Enumerable.Range(0, 10), answer => Assert.Equal(string.Concat(Enumerable.Range(0, 20).Select(i => Word(answer, i))), string.Concat(read[answer])));
    }

    private IAsyncEnumerator<string> Read(IChunkPipeline pipeline, IAgent? agent = null, CancellationToken stop = default) =>
        pipeline.ReadAsync(agent ?? _agent, Prompt, stop).GetAsyncEnumerator(stop);

    private static Task<bool> NextAsync(IAsyncEnumerator<string> chunks) => chunks.MoveNextAsync().AsTask().WaitAsync(Patience);

    private async Task<List<string>> ReadAllAsync(IChunkPipeline pipeline, IAgent agent)
    {
        var chunks = Read(pipeline, agent);
        var all = new List<string>();
        while (await NextAsync(chunks))
        {
            all.Add(chunks.Current);
        }
        return all;
    }

    // The test must not go on upon the graph's own thread.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async IAsyncEnumerable<AgentToken> CancellingAsync(CancellationTokenSource stop)
    {
        stop.Cancel();
        await Task.CompletedTask;
        yield return new AgentToken(new string('x', 100));
    }

    private static async IAsyncEnumerable<AgentToken> DeafAsync(TaskCompletionSource asked)
    {
        asked.SetResult();
        await new TaskCompletionSource().Task;
        yield break;
    }

    private static async IAsyncEnumerable<AgentToken> HardOfHearingAsync(TaskCompletionSource asked, Task token, TaskCompletionSource closed)
    {
        try
        {
            asked.SetResult();
            await token;
            yield return new AgentToken("too late");
        }
        finally
        {
            closed.SetResult();
        }
    }

    private static async IAsyncEnumerable<AgentToken> ToldAsync()
    {
        await Task.Yield();
        yield return new AgentToken("a", 41);
        yield return new AgentToken("b");
        yield return new AgentToken("", 42);
    }

    private sealed class Provider(Func<IAsyncEnumerable<AgentToken>> answer) : IAgent
    {
        public int Id => 1;
        public string Name => "provider";
        public string? AvatarUrl => null;
        public bool AnswersItself => false;
        public bool CanContinue => false;
        public int ContextMessages => 1;

        public IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, CancellationToken cancellation) => answer();
    }
}
