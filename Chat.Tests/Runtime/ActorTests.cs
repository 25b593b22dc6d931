using Chat.Actors.Runtime;

namespace Chat.Tests.Runtime;

/// <summary>The mailbox: what is taken is handled, whatever stops or fails.</summary>
public sealed class ActorTests
{
    [Fact]
    public async Task Messages_are_handled_in_order_as_many_at_once_as_are_waiting()
    {
        var actor = new Worker(capacity: 100, groupSize: 3);
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal(PostResult.Taken, actor.TryPost(i));
        }
        actor.Start();
        actor.Stop();
        await actor.EndedAsync();
        Assert.Equal([[0, 1, 2], [3, 4, 5], [6]], actor.Groups);
    }

    [Fact]
    public async Task A_full_mailbox_takes_no_more_until_a_group_is_done()
    {
        var actor = new Worker(capacity: 2, groupSize: 10);
        Assert.Equal(PostResult.Taken, actor.TryPost(1));
        Assert.Equal(PostResult.Taken, actor.TryPost(2));
        Assert.Equal(PostResult.Full, actor.TryPost(3));
        actor.Start();
        actor.Stop();
        await actor.EndedAsync();
        Assert.Equal(PostResult.Stopped, actor.TryPost(4));
        Assert.Equal([[1, 2]], actor.Groups);
    }

    [Fact]
    public async Task What_waits_when_the_actor_is_stopped_may_still_begin_work_that_comes_back()
    {
        var actor = new Worker(capacity: 10, groupSize: 1) { BeginsWork = true };
        actor.TryPost(1);
        actor.TryPost(2);

        // Nothing is under way yet: what is, will be begun by the two that wait.
        actor.Stop();
        actor.Start();
        await actor.EndedAsync();

        Assert.Equal([[1], [2]], actor.Groups.Take(2));
        Assert.Equal([-2, -1], actor.Groups.Skip(2).Select(group => group.Single()).Order());
    }

    [Fact]
    public async Task An_actor_stopped_in_the_middle_of_a_message_ends_when_its_work_has_come_back()
    {
        var actor = new Worker(capacity: 10, groupSize: 1) { BeginsWork = true, Hold = new TaskCompletionSource() };
        actor.Start();
        actor.TryPost(1);
        await actor.Entered.Task;

        actor.Stop();
        Assert.Equal(PostResult.Stopped, actor.TryPost(2));
        actor.Hold.SetResult();
        await actor.EndedAsync();

        Assert.Equal([[1], [-1]], actor.Groups);
    }

    [Fact]
    public async Task A_busy_actor_is_not_passivated_and_an_idle_one_takes_no_more()
    {
        var actor = new Worker(capacity: 10, groupSize: 1) { Hold = new TaskCompletionSource() };
        actor.Start();
        actor.TryPost(1);
        await actor.Entered.Task;
        Assert.False(actor.TryStopIdle());
        actor.Hold.SetResult();
        actor.TryPost(2);
        while (!actor.TryStopIdle())
        {
            await Task.Yield();
        }
        await actor.EndedAsync();
        Assert.Equal(PostResult.Stopped, actor.TryPost(3));
        Assert.Equal([[1], [2]], actor.Groups);
    }

    [Fact]
    public async Task A_fault_is_told_with_its_messages_and_the_next_ones_are_handled()
    {
        var actor = new Worker(capacity: 10, groupSize: 2) { FailsAt = 2 };
        for (var i = 1; i <= 4; i++)
        {
            actor.TryPost(i);
        }
        actor.Start();
        actor.Stop();
        await actor.EndedAsync();
        Assert.Equal([1, 2], actor.Faulted);
        Assert.Equal([[3, 4]], actor.Groups);
    }

    /// <summary>Notes its groups. Where it begins work, each message has the actor post its negative to itself from another thread.</summary>
    private sealed class Worker(int capacity, int groupSize) : Actor<int>(capacity, groupSize)
    {
        private int _underWay;

        public List<int[]> Groups { get; } = [];
        public List<int> Faulted { get; } = [];
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource? Hold { get; init; }
        public bool BeginsWork { get; init; }
        public int FailsAt { get; init; }

        protected override bool IsIdle => _underWay == 0;

        public Task EndedAsync() => Completion.WaitAsync(TimeSpan.FromSeconds(30));

        protected override async ValueTask ReceiveAsync(IReadOnlyList<int> messages)
        {
            Entered.TrySetResult();
            if (Hold is not null)
            {
                await Hold.Task;
            }
            if (messages.Contains(FailsAt) && FailsAt != 0)
            {
                throw new InvalidOperationException("as told");
            }
            Groups.Add([.. messages]);
            foreach (var message in messages)
            {
                if (message < 0)
                {
                    _underWay--;
                }
                else if (BeginsWork)
                {
                    _underWay++;
                    ThreadPool.QueueUserWorkItem(_ => PostOwn(-message));
                }
            }
        }

        protected override void OnFault(Exception fault, IReadOnlyList<int> messages) => Faulted.AddRange(messages);
    }
}
