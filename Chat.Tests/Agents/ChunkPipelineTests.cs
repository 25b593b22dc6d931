using Chat.Actors.Agents;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Agents;

public class ChunkPipelineTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);
    private static readonly AgentPrompt Prompt = new(new SessionId("s"), [new AgentTurn(false, "u", "hi")], null, "");
    private readonly ManualTime _time = new();
    private readonly TestAgent _agent = new();

    [Fact]
    public async Task A_full_chunk_goes_at_once_and_the_next_after_the_delay()
    {
        var chunks = Read(Delay);
        var first = chunks.MoveNextAsync();
        (await _agent.OpenedAsync()).Give("0123456789abcdefghijK");
        Assert.True(await first);
        Assert.Equal("0123456789", chunks.Current);

        var second = chunks.MoveNextAsync().AsTask();
        await _time.ArmedAsync(Delay);
        _time.Advance(49);
        Assert.False(second.IsCompleted);
        _time.Advance(1);
        Assert.True(await second);
        Assert.Equal("abcdefghij", chunks.Current);
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task A_pause_of_the_provider_shows_the_graphemes_that_are_whole()
    {
        var chunks = Read(Delay);
        var next = chunks.MoveNextAsync().AsTask();
        var stream = await _agent.OpenedAsync();
        stream.Give("Hé", "llo");
        await _time.ArmedAsync(Delay);
        _time.Advance(49);
        Assert.False(next.IsCompleted);
        _time.Advance(1);
        Assert.True(await next);
        Assert.Equal("Héll", chunks.Current);

        next = chunks.MoveNextAsync().AsTask();
        stream.End();
        await _time.PassAsync(Delay);
        Assert.True(await next);
        Assert.Equal("o", chunks.Current);
        Assert.False(await chunks.MoveNextAsync());
    }

    [Fact]
    public async Task The_provider_is_read_at_most_one_token_ahead()
    {
        var chunks = Read(TimeSpan.Zero, size: 1);
        var first = chunks.MoveNextAsync();
        var stream = await _agent.OpenedAsync();
        stream.Give([.. Enumerable.Range(0, 100).Select(i => $"{i % 10}")]);
        Assert.True(await first);
        Assert.Equal(2, stream.Taken);
        for (var i = 1; i <= 50; i++)
        {
            Assert.True(await chunks.MoveNextAsync());
            Assert.Equal(2 + i, stream.Taken);
        }
        await chunks.DisposeAsync();
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Without_delay_chunks_are_full_and_no_timer_is_needed()
    {
        var (pipeline, chunks) = New(TimeSpan.Zero, 10);
        var next = chunks.MoveNextAsync();
        var stream = await _agent.OpenedAsync();
        stream.Give([.. Enumerable.Range(0, 1_000).Select(i => $"t{i} ")]);
        stream.End();
        var lengths = new List<int>();
        while (await next)
        {
            lengths.Add(chunks.Current.Length);
            next = chunks.MoveNextAsync();
        }
        Assert.All(lengths.SkipLast(1), length => Assert.Equal(10, length));
        Assert.Equal(1_000, pipeline.TokensUsed);
    }

    [Fact]
    public async Task Without_delay_a_short_silence_does_not_make_small_chunks()
    {
        var chunks = Read(TimeSpan.Zero);
        var next = chunks.MoveNextAsync().AsTask();
        var stream = await _agent.OpenedAsync();
        stream.Give("abc");
        await _time.ArmedAsync(TimeSpan.FromMilliseconds(10));
        _time.Advance(9);
        stream.Give("defghijkl");
        Assert.True(await next);
        Assert.Equal("abcdefghij", chunks.Current);
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task Timers_that_come_late_do_not_slow_the_answer()
    {
        var chunks = Read(Delay);
        var next = chunks.MoveNextAsync().AsTask();
        var stream = await _agent.OpenedAsync();
        stream.Give(new string('x', 2_000));
        stream.End();
        Assert.True(await next);
        for (var i = 1; i <= 100; i++)
        {
            next = chunks.MoveNextAsync().AsTask();
            var due = TimeSpan.FromMilliseconds(50 * i) - _time.Elapsed;
            await _time.ArmedAsync(due);
            _time.Advance(due - TimeSpan.FromMilliseconds(1));
            Assert.False(next.IsCompleted);

            // The timer's own thread may come later than it was asked to: it sees the clock 2 ms on.
            _time.Skip(TimeSpan.FromMilliseconds(3));
            Assert.True(await next);
        }
        Assert.Equal(TimeSpan.FromMilliseconds(5_002), _time.Elapsed);
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task A_slow_log_is_not_made_up_for_by_a_burst()
    {
        var chunks = Read(Delay);
        var next = chunks.MoveNextAsync().AsTask();
        (await _agent.OpenedAsync()).Give(new string('x', 100));
        Assert.True(await next);
        _time.Advance(200);
        Assert.True(await chunks.MoveNextAsync());
        next = chunks.MoveNextAsync().AsTask();
        await _time.ArmedAsync(Delay);
        Assert.False(next.IsCompleted);
        _time.Advance(Delay);
        Assert.True(await next);
        await chunks.DisposeAsync();
    }

    [Fact]
    public async Task What_a_failing_provider_gave_is_shown_before_the_failure()
    {
        var chunks = Read(TimeSpan.Zero);
        var next = chunks.MoveNextAsync().AsTask();
        var stream = await _agent.OpenedAsync();
        stream.Give("abc");
        stream.Fail(new AgentException("gone"));
        Assert.True(await next);
        Assert.Equal("abc", chunks.Current);
        await Assert.ThrowsAsync<AgentException>(async () => await chunks.MoveNextAsync());
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Cancelling_closes_a_provider_that_is_silent()
    {
        using var stop = new CancellationTokenSource();
        var chunks = Read(Delay, stop: stop.Token);
        var next = chunks.MoveNextAsync().AsTask();
        var stream = await _agent.OpenedAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task A_provider_that_does_not_heed_cancellation_is_left_to_itself()
    {
        using var stop = new CancellationTokenSource();
        var chunks = new ChunkPipeline(10, Delay, _time).ReadAsync(new DeafAgent(), Prompt, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = chunks.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await _time.PassAsync(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task The_providers_own_count_of_tokens_wins()
    {
        var (pipeline, chunks) = New(TimeSpan.Zero, 10);
        var next = chunks.MoveNextAsync();
        var stream = await _agent.OpenedAsync();
        stream.Give("a", "b", "");
        stream.Tokens.Writer.TryWrite(new AgentToken("", 42));
        stream.End();
        Assert.True(await next);
        Assert.Equal("ab", chunks.Current);
        Assert.False(await chunks.MoveNextAsync());
        Assert.Equal(42, pipeline.TokensUsed);
    }

    private IAsyncEnumerator<string> Read(TimeSpan delay, int size = 10, CancellationToken stop = default) => New(delay, size, stop).Chunks;

    private (ChunkPipeline Pipeline, IAsyncEnumerator<string> Chunks) New(TimeSpan delay, int size, CancellationToken stop = default)
    {
        var pipeline = new ChunkPipeline(size, delay, _time);
        return (pipeline, pipeline.ReadAsync(_agent, Prompt, stop).GetAsyncEnumerator(stop));
    }

    private sealed class DeafAgent : IAgent
    {
        public int Id => 1;
        public string Name => "deaf";
        public string? AvatarUrl => null;
        public bool AnswersItself => false;
        public bool CanContinue => false;
        public int ContextMessages => 1;

        public async IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await new TaskCompletionSource().Task;
            yield break;
        }
    }
}
