using Chat.Actors.Persistence;
using Chat.Actors.Runtime;

namespace Chat.Host.Endpoints;

/// <summary>Whether the journal can be read and the read model keeps up with it.</summary>
internal sealed class StorageHealth(ChatNode node, TimeProvider time)
{
    /// <summary>Below the second that probes wait by default, together.</summary>
    private static readonly TimeSpan JournalTimeout = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan ProjectorTimeout = TimeSpan.FromMilliseconds(400);

    /// <summary>Null where all is well, else why not, for operators.</summary>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        if (await MeasureAsync(cancellation) is not { } target)
        {
            return "The journal does not answer";
        }
        // A projector that works reaches in no time what was the head a moment ago, however much is written meanwhile.
        return await node.Projector.WaitAsync(target, ProjectorTimeout, cancellation)
            ? null
            : $"The read model is {target - node.Projector.Position} behind the journal";
    }

    /// <summary>Records the read model's lag. Returns the journal's last ordering, or null where it does not answer.</summary>
    public async ValueTask<long?> MeasureAsync(CancellationToken cancellation)
    {
        try
        {
            var last = await node.Journal.ReadLastOrderingAsync(cancellation).AsTask().WaitAsync(JournalTimeout, time, cancellation);
            ChatMetrics.ProjectorLag.Record(Math.Max(0, last - node.Projector.Position));
            return last;
        }
        catch (Exception e) when (e is JournalUnavailableException or TimeoutException)
        {
            return null;
        }
    }
}
