using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>A journal that encodes what it is given, as the real ones do, and calls it durable at once: what is left is the engine's own cost.</summary>
internal sealed class InstantJournal : IJournal
{
    private static readonly EventCodec Codec = new();

    private static readonly IReadOnlyList<StoredEvent> Nothing = [];

#pragma warning disable CS0067 // Nobody projects here.
    public event Action? Committed;
#pragma warning restore CS0067

    public ValueTask<AppendResult> AppendAsync(AppendChain chain, long expectedHead, IReadOnlyList<SessionEvent> events)
    {
        foreach (var e in events)
        {
            Codec.Encode(e);
        }
        return new(AppendResult.Committed);
    }

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAsync(string log, long afterSeq, int limit, CancellationToken cancellation) => new(Nothing);

    public ValueTask<IReadOnlyList<long>> ReadHeadsAsync(IReadOnlyList<string> logs, CancellationToken cancellation) => new([.. logs.Select(_ => 0L)]);

    public ValueTask<IReadOnlyList<StoredEvent>> ReadAllAsync(long afterOrdering, int limit, CancellationToken cancellation) => new(Nothing);

    public ValueTask<long> ReadLastOrderingAsync(CancellationToken cancellation) => new(0);

    public ValueTask<StoredSnapshot?> ReadSnapshotAsync(string log, long maxSeq, CancellationToken cancellation) => new((StoredSnapshot?)null);

    public ValueTask SaveSnapshotAsync(StoredSnapshot snapshot, CancellationToken cancellation) => default;

    public ValueTask DisposeAsync() => default;
}
