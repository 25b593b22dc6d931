namespace Chat.Bench.Measure;

/// <summary>
/// What one receiver was shown, held against what was sent: each sender's messages are numbered 0, 1, 2 …, and each must come once and in order; and all
/// messages of a room have a rank, the same for all its receivers, which must rise.
/// </summary>
internal sealed class OrderCheck(int senders)
{
    private readonly int[] _next = new int[senders];

    /// <summary>Passed over, and may still come late; made at need.</summary>
    private HashSet<(int Sender, int Index)>? _missing;

    private long _rank = -1;
    private long _seq = -1;
    private int _chunk;

    public long Doubled { get; private set; }

    /// <summary>Shown after a later one.</summary>
    public long Disordered { get; private set; }

    /// <summary>The server's own numbering says that something was left out or shown again.</summary>
    public long Holes { get; private set; }

    /// <summary>The index that the sender's next message must have.</summary>
    public int Next(int sender) => _next[sender];

    /// <summary>False for a repeat, which counts for nothing else.</summary>
    public bool Take(int sender, int index)
    {
        ref var next = ref _next[sender];
        if (index == next)
        {
            next++;
            return true;
        }
        if (index > next)
        {
            _missing ??= [];
            for (; next < index; next++)
            {
                _missing.Add((sender, next));
            }
            next++;
            return true;
        }
        if (_missing?.Remove((sender, index)) == true)
        {
            Disordered++;
            return true;
        }
        Doubled++;
        return false;
    }

    /// <summary>The sender's next message will not come, and need not.</summary>
    /// <returns>Its index.</returns>
    public int PassOver(int sender) => _next[sender]++;

    /// <summary>After <see cref="Take"/> was true.</summary>
    public void TakeRank(long rank)
    {
        if (rank < _rank)
        {
            Disordered++;
        }
        else
        {
            _rank = rank;
        }
    }

    /// <summary>For every stored frame, also of others.</summary>
    /// <param name="previous">Seq of the stored frame before it; -1 where the face does not say.</param>
    public void TakeSeq(long seq, long previous)
    {
        if (_seq >= 0 && (seq <= _seq || (previous >= 0 && previous != _seq)))
        {
            Holes++;
        }
        _seq = Math.Max(seq, _seq);
    }

    /// <summary>For a chunk of the answer that is being written, of which a session has one at a time.</summary>
    public void TakeChunk(int index)
    {
        if (index != _chunk)
        {
            Holes++;
        }
        _chunk = index + 1;
    }

    public void EndChunks() => _chunk = 0;

    /// <summary>Messages that were not shown at all.</summary>
    /// <param name="sent">How many the sender has sent.</param>
    /// <param name="isExpected">False for one that the server has refused.</param>
    public long Lost(int sender, int sent, Func<int, int, bool> isExpected)
    {
        var lost = _missing?.Count(missing => missing.Sender == sender && isExpected(sender, missing.Index)) ?? 0;
        for (var index = _next[sender]; index < sent; index++)
        {
            lost += isExpected(sender, index) ? 1 : 0;
        }
        return lost;
    }
}
