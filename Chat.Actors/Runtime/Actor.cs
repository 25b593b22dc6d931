using System.Threading.Channels;

namespace Chat.Actors.Runtime;

/// <summary>
/// A mailbox with one reader. Messages are handed over in groups, as many as are waiting, so that one who writes them down can do so at once.
/// A fault in a group is given to <see cref="OnFault"/> and the actor goes on with the next one.
/// </summary>
public abstract class Actor<TMessage>
{
    private readonly Channel<TMessage> _mailbox = Channel.CreateUnbounded<TMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int _capacity;
    private readonly int _groupSize;
    private readonly Lock _gate = new();
    private int _waiting;
    private bool _stopped;

    /// <param name="capacity">Messages that may wait before <see cref="TryPost"/> refuses.</param>
    /// <param name="groupSize">Messages handed to <see cref="ReceiveAsync"/> at once.</param>
    protected Actor(int capacity, int groupSize)
    {
        _capacity = capacity;
        _groupSize = groupSize;
    }

    /// <summary>The reader's life; completes after <see cref="Stop"/> once the mailbox is empty.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start() => Completion = Detached.Run(RunAsync);

    /// <summary>False when the mailbox is full or the actor has stopped: the message was not taken.</summary>
    public PostResult TryPost(TMessage message)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return PostResult.Stopped;
            }
            if (_waiting >= _capacity)
            {
                return PostResult.Full;
            }
            _waiting++;
            _mailbox.Writer.TryWrite(message);
            return PostResult.Taken;
        }
    }

    /// <summary>For the actor's own completions: never refused for want of room.</summary>
    protected void PostOwn(TMessage message)
    {
        lock (_gate)
        {
            _waiting++;
            _mailbox.Writer.TryWrite(message);
        }
    }

    /// <summary>Takes no more messages; what is in the mailbox is still handled.</summary>
    public void Stop()
    {
        OnStop();
        lock (_gate)
        {
            _stopped = true;
            // What waits may yet have the actor post to itself: then the reader completes the mailbox, once nothing is left.
            if (_waiting == 0 && IsIdle)
            {
                _mailbox.Writer.TryComplete();
            }
        }
    }

    /// <summary>Stops only if nothing waits and nothing is under way: what passivation asks for.</summary>
    public bool TryStopIdle()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return true;
            }
            if (_waiting > 0 || !IsIdle)
            {
                return false;
            }
            _stopped = true;
            _mailbox.Writer.TryComplete();
            return true;
        }
    }

    /// <summary>Gives up what would keep the actor waiting without need.</summary>
    protected virtual void OnStop()
    {
    }

    /// <summary>Nothing that will be posted by the actor itself is under way. Read under the mailbox's lock.</summary>
    protected abstract bool IsIdle { get; }

    /// <summary>Handles the messages in order. The list is reused after it returns.</summary>
    protected abstract ValueTask ReceiveAsync(IReadOnlyList<TMessage> messages);

    /// <summary>What log lines of the reader carry, for as long as it runs.</summary>
    protected virtual IDisposable? BeginScope() => null;

    protected abstract void OnFault(Exception fault, IReadOnlyList<TMessage> messages);

    private async Task RunAsync()
    {
        using var scope = BeginScope();
        var group = new List<TMessage>();
        var reader = _mailbox.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < _groupSize && reader.TryRead(out var message))
            {
                group.Add(message);
            }
            try
            {
                await ReceiveAsync(group).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Supervision: a fault of one group must not end the actor.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                OnFault(fault, group);
            }
            lock (_gate)
            {
                _waiting -= group.Count;
                // An idle actor keeps nothing of the last ones: 500 messages of 60 KB are 30 MB.
                group.Clear();
                if (_stopped && _waiting == 0 && IsIdle)
                {
                    _mailbox.Writer.TryComplete();
                }
            }
        }
    }
}

public enum PostResult
{
    Taken,
    Full,
    Stopped,
}
