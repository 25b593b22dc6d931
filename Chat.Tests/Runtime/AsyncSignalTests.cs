using Chat.Actors.Runtime;

namespace Chat.Tests.Runtime;

/// <summary>The auto-reset event of one waiter: no wake-up is lost, and none is left over.</summary>
public sealed class AsyncSignalTests
{
    [Fact]
    public async Task A_set_before_the_wait_is_not_lost_and_many_count_once()
    {
        var signal = new AsyncSignal();
        signal.Set();
        signal.Set();
        await signal.WaitAsync();
        var next = signal.WaitAsync().AsTask();
        Assert.False(next.IsCompleted);
        signal.Set();
        await next;
    }

    [Fact]
    public async Task A_set_wakes_the_waiter_and_the_ones_after_it_the_next_wait()
    {
        var signal = new AsyncSignal();
        var wait = signal.WaitAsync().AsTask();
        Assert.False(wait.IsCompleted);
        signal.Set();
        signal.Set();
        await wait;
        var next = signal.WaitAsync().AsTask();
        Assert.True(next.IsCompletedSuccessfully);
        await next;
    }

    [Fact]
    public async Task Under_setters_that_race_every_change_is_seen()
    {
        // Two threads raise a counter and set; the waiter must come to see the last value however they interleave. A lost wake-up shows as a time-out.
        const int Rounds = 100_000;
        var signal = new AsyncSignal();
        var raised = 0;
        void Raise()
        {
            for (var i = 0; i < Rounds; i++)
            {
                Interlocked.Increment(ref raised);
                signal.Set();
            }
        }
        async Task WaitAsync()
        {
            while (Volatile.Read(ref raised) < 2 * Rounds)
            {
                await signal.WaitAsync();
            }
        }
        await Task.WhenAll(Task.Run(WaitAsync), Task.Run(Raise), Task.Run(Raise)).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_ping_and_its_pong_never_miss_each_other()
    {
        const int Rounds = 20_000;
        var (ping, pong) = (new AsyncSignal(), new AsyncSignal());
        async Task PlayAsync(AsyncSignal mine, AsyncSignal other)
        {
            for (var i = 0; i < Rounds; i++)
            {
                await mine.WaitAsync();
                other.Set();
            }
        }
        var players = Task.WhenAll(Task.Run(() => PlayAsync(ping, pong)), Task.Run(() => PlayAsync(pong, ping)));
        ping.Set();
        await players.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
