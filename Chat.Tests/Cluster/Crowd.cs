using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Writers and readers of one session over all nodes, and the audit that is held when they have ended.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private readonly TestCluster _cluster;
    private readonly string _session;
    private readonly List<RoamingWriter> _writers;
    private readonly CancellationTokenSource _stopWriting = new();
    private readonly CancellationTokenSource _stopReading = new();
    private readonly List<Task> _writing;
    private readonly List<Task> _reading;

    public Crowd(TestCluster cluster, string session, int writers, int readers, TimeSpan? pause = null)
    {
        (_cluster, _session) = (cluster, session);
        _writers = [.. Enumerable.Range(0, writers).Select(i => new RoamingWriter(cluster, i, session, $"writer{i}", pause))];
        Readers = [.. Enumerable.Range(0, readers).Select(i => new RoamingReader(cluster, i, session, $"reader{i}"))];
        _writing = [.. _writers.Select(writer => writer.RunAsync(_stopWriting.Token))];
        _reading = [.. Readers.Select(reader => reader.RunAsync(_stopReading.Token))];
    }

    public IReadOnlyList<RoamingWriter> Writers => _writers;
    public IReadOnlyList<RoamingReader> Readers { get; }

    public int Acked => Writers.Sum(writer => writer.Acked.Count);

    /// <summary>One more, of the same session.</summary>
    public void Add(RoamingWriter writer)
    {
        _writers.Add(writer);
        if (writer is RoamingFace)
        {
            _reading.Add(writer.RunAsync(_stopReading.Token));
        }
        else
        {
            _writing.Add(writer.RunAsync(_stopWriting.Token));
        }
    }

    /// <summary>Until so many more messages have been acknowledged.</summary>
    public async Task ProgressAsync(int acks)
    {
        var goal = Acked + acks;
        await UntilAsync(() => Acked >= goal);
    }

    /// <summary>Until each of these has got so many more.</summary>
    public async Task ProgressOfAsync(IReadOnlyList<RoamingWriter> writers, int acks)
    {
        var goals = writers.Select(writer => writer.Acked.Count + acks).ToList();
        await UntilAsync(() => writers.Zip(goals).All(w => w.First.Acked.Count >= w.Second));
    }

    /// <summary>Until each writer and each reader has got on.</summary>
    public async Task ProgressOfAllAsync()
    {
        var (acked, read) = (Writers.Select(writer => writer.Acked.Count).ToList(), Readers.Select(reader => reader.Cursor).ToList());
        await UntilAsync(() => Writers.Zip(acked).All(w => w.First.Acked.Count > w.Second) && Readers.Zip(read).All(r => r.First.Cursor > r.Second));
    }

    /// <summary>Ends the writers, lets the readers come to the log's end, and holds all of them against it.</summary>
    public async Task<IReadOnlyList<StoredEvent>> AuditAsync()
    {
        var faces = Writers.OfType<RoamingFace>().ToList();
        faces.ForEach(face => face.IsSilent = true);
        await _stopWriting.CancelAsync();
        await Task.WhenAll(_writing);
        var log = await _cluster.LogAsync(_session);
        var head = log.Last(e => NativeView.Shows(e.Event!)).Seq;
        var last = log.Last(e => e.Event is MessagePosted).Seq;
        await UntilAsync(() => Readers.All(reader => reader.Cursor >= head) && faces.All(face => face.Cursor >= last));
        await _stopReading.CancelAsync();
        await Task.WhenAll(_reading);

        // What was under way when the writers ended may have come since.
        log = await _cluster.LogAsync(_session);
        Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
        var posts = log.Where(e => e.Event is MessagePosted).Select(e => (e.Seq, Post: (MessagePosted)e.Event!)).ToList();
        Assert.Equal(posts.Count, posts.Select(p => p.Post.MessageId).Distinct().Count());
        foreach (var writer in Writers)
        {
            Assert.Empty(writer.Faults);
            var own = posts.Where(p => p.Post.SenderId == writer.User).ToList();
            var bySeq = own.ToDictionary(p => p.Post.Content, p => p.Seq);
            Assert.All(writer.Acked, ack => Assert.Equal(ack.Value, bySeq.GetValueOrDefault(writer.Content(ack.Key))));
            if (writer.Refused == 0)
            {
                // Sent in order, and again from the first unacknowledged one: so they stand in order, without a hole.
                Assert.Equal(Enumerable.Range(0, own.Count).Select(writer.Content), own.Select(p => p.Post.Content));
            }
        }
        var expected = Transcript.OfLog(log);
        foreach (var reader in Readers)
        {
            // Each ends where it was stopped, and all have the log's beginning in common.
            Assert.Equal(expected.Take(reader.Lines.Count), reader.Lines);
        }
        var shown = posts.Select(p => (p.Seq, p.Post.Content)).ToList();
        foreach (var face in faces)
        {
            Assert.Equal(shown.Take(face.Posts.Count), face.Posts);
        }
        return log;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopWriting.CancelAsync();
        await _stopReading.CancelAsync();
        await Task.WhenAll(_writing.Concat(_reading)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopWriting.Dispose();
        _stopReading.Dispose();
    }

    private Task UntilAsync(Func<bool> condition) => TestCluster.UntilAsync(
        async () =>
        {
            // A reader that has come upon a fault says so at once.
            foreach (var ended in _reading.Concat(_writing).Where(task => task.IsFaulted))
            {
                await ended;
            }
            return condition();
        },
        () => string.Join('\n', [.. Writers.Select(writer => writer.State), .. Readers.Select(reader => reader.State), .. _cluster.Nodes.Select(node => $"--- {node}\n{node.Output}")]));
}
