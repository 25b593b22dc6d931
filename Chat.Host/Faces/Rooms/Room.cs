using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Faces.Rooms;

/// <summary>A room's messages that are not deleted: the newest ones up to a seq, oldest first.</summary>
/// <exception cref="JournalUnavailableException" />
internal delegate ValueTask<IReadOnlyList<RoomMessage>> ReadRoomMessages(SessionId session, long upTo, int limit, CancellationToken cancellation);

/// <summary>A room that this node has sockets of: its list, and how that is brought up to the log's head.</summary>
/// <param name="session">A room's.</param>
internal sealed class Room(SessionId session, IJournal journal, ReadRoomMessages history) : IDisposable
{
    private const int PageSize = 256;

    /// <summary>Events that the list reads on from the log; where there are more, history's newest messages cost less.</summary>
    private const int MostReplayed = 1000;

    private readonly SemaphoreSlim _loading = new(1, 1);

    public RoomCodec Codec { get; } = new(session.RoomId!);

    /// <summary>Returns when the list shows the log up to this seq at least. One caller reads, the others wait for it.</summary>
    /// <param name="head">Of the log, read before the call.</param>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask BringUpToAsync(long head, CancellationToken cancellation)
    {
        if (Codec.UpTo >= head)
        {
            return;
        }
        await _loading.WaitAsync(cancellation);
        try
        {
            // What is published meanwhile takes the list on as well, or, with many deletions, makes it be loaded anew.
            while (Codec.UpTo is not { } upTo || upTo < head)
            {
                await (Codec.UpTo is { } at && head - at <= MostReplayed ? ReadOnAsync(at, cancellation) : LoadAsync(head, cancellation));
            }
        }
        finally
        {
            _loading.Release();
        }
    }

    public void Dispose() => _loading.Dispose();

    private async Task LoadAsync(long head, CancellationToken cancellation)
    {
        var newest = await history(session, head, RoomCodec.Kept, cancellation);
        Codec.Load(newest, head, hasOlder: newest.Count == RoomCodec.Kept);
    }

    private async Task ReadOnAsync(long upTo, CancellationToken cancellation)
    {
        var page = await journal.ReadAsync(session.Value, upTo, PageSize, cancellation);
        if (page.Count == 0)
        {
            throw new JournalUnavailableException($"The log of session {session} ends at {upTo}, before its head");
        }
        foreach (var stored in page)
        {
            if (!Codec.TryApply(stored.Seq, stored.Event!))
            {
                return;
            }
        }
    }
}
