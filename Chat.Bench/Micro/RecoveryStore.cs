using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>
/// A journal file with long sessions, kept among the temporary files for the next case and the next run: a million events take a minute to write. One that another
/// build has begun is thrown away when its snapshots are not this build's.
/// </summary>
internal static class RecoveryStore
{
    /// <summary>Events of one append: few commits, within the journal's limit of bytes for one.</summary>
    private const int Batch = 10_000;

    /// <summary>Events after the snapshot: as many as there can be before the next one is made.</summary>
    private const int Tail = 499;

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), "chat-bench");
    private static readonly string File = Path.Combine(Folder, "recovery.db");

    /// <summary>Opens the file, with a session of so many events in it.</summary>
    public static async Task<SqliteJournal> OpenAsync(SessionId session, int length, bool hasSnapshot)
    {
        var journal = await OpenAsync();
        if (await IsWholeAsync(journal, session, length, hasSnapshot))
        {
            return journal;
        }
        if (await HeadAsync(journal, session) > 0)
        {
            await journal.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
            journal = await OpenAsync();
        }
        await WriteAsync(journal, session, length, hasSnapshot);
        return journal;
    }

    private static async Task<SqliteJournal> OpenAsync()
    {
        await Migrations.ForSqlite(File, TimeProvider.System).UpAsync("journal");
        // A slow disk may take longer for a batch than an append is given in production.
        return SqliteJournal.Open(File, TimeProvider.System, new JournalOptions { AppendTimeout = TimeSpan.FromMinutes(2) });
    }

    private static async Task<bool> IsWholeAsync(SqliteJournal journal, SessionId session, int length, bool hasSnapshot) =>
        await HeadAsync(journal, session) == length
        && (!hasSnapshot || await journal.ReadSnapshotAsync(session.Value, long.MaxValue, default) is { Manifest: SessionSnapshot.Manifest });

    private static async Task<long> HeadAsync(SqliteJournal journal, SessionId session) => (await journal.ReadHeadsAsync([session.Value], default))[0];

    private static async Task WriteAsync(SqliteJournal journal, SessionId session, int length, bool hasSnapshot)
    {
        var (chain, state) = (new AppendChain(session.Value), new SessionState());
        var snapshotAt = hasSnapshot ? length - Math.Min(Tail, length / 2) : 0;
        while (state.Head < length)
        {
            var head = state.Head;
            var events = new List<SessionEvent>(Batch);
            while (events.Count < Batch && state.Head < length)
            {
                SessionEvent e = state.Head == 0 ? Samples.Created(session) : PostAt(state.Head);
                state.Apply(e);
                events.Add(e);
                if (state.Head == snapshotAt)
                {
                    await journal.SaveSnapshotAsync(new StoredSnapshot(session.Value, state.Head, state.LastAt, SessionSnapshot.Manifest, state.ToSnapshot().ToBytes()), default);
                }
            }
            if (await journal.AppendAsync(chain, head, events) is var result && result != AppendResult.Committed)
            {
                throw new InvalidOperationException($"The append after {head} ended as {result}");
            }
        }
    }

    /// <summary>A message a second with an id of its client, so that the snapshot holds as many sends as a session remembers.</summary>
    private static MessagePosted PostAt(long seq) => Samples.Post(MessageId.New(), $"c-{seq:0000000}", Samples.At.AddSeconds(seq));
}
