using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>A real journal whose appends can be held, lost before or after their commit, and counted: faults that no real database makes on demand.</summary>
internal sealed class FaultyJournal(IJournal inner) : IJournal
{
    private TaskCompletionSource? _hold;
    private TaskCompletionSource? _withheld;

    public enum Fault
    {
        None,

        /// <summary>Nothing is stored.</summary>
        LostBefore,

        /// <summary>Stored, but not confirmed.</summary>
        LostAfter,
    }

    /// <summary>What happens to the next append.</summary>
    public Fault Next { get; set; }

    /// <summary>Nothing answers.</summary>
    public bool IsDown { get; set; }

    public int Appends { get; private set; }

    public IJournal Inner => inner;

    public event Action? Committed
    {
        add => inner.Committed += value;
        remove => inner.Committed -= value;
    }

    /// <summary>Appends from now on wait until the returned action is called.</summary>
    public Action Hold()
    {
        var hold = _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return () =>
        {
            _hold = null;
            hold.SetResult();
        };
    }

    /// <summary>The next append is stored, and answered only when the returned action is called.</summary>
    public Action WithholdNextAnswer()
    {
        var withheld = _withheld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return withheld.SetResult;
    }

    public async ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        Appends++;
        var (fault, hold, withheld) = (Next, _hold, _withheld);
        (Next, _withheld) = (Fault.None, null);
        if (hold is not null)
        {
            await hold.Task;
        }
        ThrowIfDown();
        if (fault == Fault.LostBefore)
        {
            throw new JournalUnavailableException("lost before the commit");
        }
        var result = await inner.AppendAsync(chain, expectedHead, events);
        await (withheld?.Task ?? Task.CompletedTask);
        return fault == Fault.LostAfter ? throw new JournalUnavailableException("lost after the commit") : result;
    }

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation)
    {
        ThrowIfDown();
        return inner.ReadAsync(log, afterSeq, limit, cancellation);
    }

    public ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation) => inner.ReadHeadsAsync(logs, cancellation);

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation) =>
        inner.ReadAllAsync(afterOrdering, limit, cancellation);

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) => inner.ReadLastOrderingAsync(cancellation);

    public ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation)
    {
        ThrowIfDown();
        return inner.ReadSnapshotAsync(log, maxSeq, cancellation);
    }

    public ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation) => inner.SaveSnapshotAsync(snapshot, cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void ThrowIfDown()
    {
        if (IsDown)
        {
            throw new JournalUnavailableException("down");
        }
    }
}
