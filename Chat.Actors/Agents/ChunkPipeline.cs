using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Chat.Actors.Agents;

/// <summary>The pipeline without a library. The provider runs at most one token ahead of the log.</summary>
public sealed class ChunkPipeline(int size, TimeSpan delay, TimeProvider time) : IChunkPipeline
{
    /// <summary>A silence shorter than this is no pause, however small the delay: a chunk of a few letters costs an append as a full one does.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    /// <summary>A timer may be late by a tick of the system's clock (15.6 ms on some); that does not add up from chunk to chunk.</summary>
    private static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(16);

    /// <summary>For a provider that does not heed cancellation: its stream is left to itself after this, so that the session's next answer can begin.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly GraphemeChunker _chunker = new(size);
    private readonly long _origin = time.GetTimestamp();
    private TimeSpan? _waitingSince;
    private TimeSpan _slot;
    private (TimeSpan At, Task Task)? _alarm;
    private int _pieces;
    private int? _told;

    public int TokensUsed => _told ?? _pieces;

    private TimeSpan Now => time.GetElapsedTime(_origin);

    public async IAsyncEnumerable<string> ReadAsync(IAgent agent, AgentPrompt prompt, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tokens = agent.AnswerAsync(prompt, closing.Token).GetAsyncEnumerator(closing.Token);
        Task<bool>? next = null;
        ExceptionDispatchInfo? failure = null;
        try
        {
            for (var ended = false; !ended || _chunker.Ready > 0;)
            {
                while (!ended && !_chunker.IsFull)
                {
                    next ??= tokens.MoveNextAsync().AsTask();
                    if (!next.IsCompleted && _chunker.Ready > 0 && !await ArrivesAsync(next, cancellation))
                    {
                        break;
                    }
                    try
                    {
                        ended = !await next.WaitAsync(cancellation);
                    }
                    catch (Exception e) when (!cancellation.IsCancellationRequested)
                    {
                        failure = ExceptionDispatchInfo.Capture(e);
                        ended = true;
                    }
                    next = null;
                    Add(ended ? default : tokens.Current, ended);
                }
                if (_chunker.Ready > 0)
                {
                    await PaceAsync(cancellation);
                    yield return Take();
                }
            }
        }
        finally
        {
            await closing.CancelAsync();
            await CloseAsync(tokens, next);
        }
        failure?.Throw();
    }

    private void Add(AgentToken token, bool ended)
    {
        if (ended)
        {
            _chunker.Complete();
        }
        else
        {
            _pieces += string.IsNullOrEmpty(token.Text) ? 0 : 1;
            _told = token.TokensUsed ?? _told;
            _chunker.Add(token.Text);
        }
        if (_chunker.Ready > 0)
        {
            _waitingSince ??= Now;
        }
    }

    private string Take()
    {
        var chunk = _chunker.Take();
        _waitingSince = _chunker.Ready > 0 ? Now : null;
        return chunk;
    }

    /// <summary>False where the provider pauses for so long that what is ready should be shown.</summary>
    private async Task<bool> ArrivesAsync(Task next, CancellationToken cancellation)
    {
        var pause = _waitingSince!.Value + (delay > ShortestPause ? delay : ShortestPause);
        var at = pause > _slot ? pause : _slot;
        if (_alarm is not { } alarm || alarm.At != at)
        {
            _alarm = alarm = (at, SleepAsync(at, cancellation));
        }
        await Task.WhenAny(next, alarm.Task);
        return next.IsCompleted;
    }

    private async Task PaceAsync(CancellationToken cancellation)
    {
        var waits = Now < _slot;
        if (waits)
        {
            await SleepAsync(_slot, cancellation);
        }
        cancellation.ThrowIfCancellationRequested();
        var now = Now;
        _slot = (waits && now - _slot < TimerLateness ? _slot : now) + delay;
    }

    private Task SleepAsync(TimeSpan until, CancellationToken cancellation)
    {
        // Task.Delay drops fractions of a millisecond and would come early.
        var rest = Math.Ceiling((until - Now).TotalMilliseconds);
        return rest <= 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromMilliseconds(rest), time, cancellation);
    }

    // An iterator must not be disposed while it runs.
    private async Task CloseAsync(IAsyncEnumerator<AgentToken> tokens, Task? next)
    {
        async Task DisposeAsync()
        {
            if (next is not null)
            {
                await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            await tokens.DisposeAsync();
        }

        await DisposeAsync().WaitAsync(CloseTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
