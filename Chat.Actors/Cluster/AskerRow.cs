namespace Chat.Actors.Cluster;

/// <summary>
/// What has come of one node's requests. The bus may lose, double, delay and reorder them: a row is acted upon in its order, each request once, and ends at the first
/// that is missing or too late. Whoever asked acts by itself on what is left of it.
/// </summary>
internal sealed class AskerRow(TransitTimes transit)
{
    private readonly Lock _gate = new();
    private long _row;
    private long _next;
    private bool _isOver;

    public enum Verdict
    {
        Act,

        /// <summary>Tell the asker that nothing was done.</summary>
        Refuse,

        /// <summary>It has been answered already.</summary>
        Ignore,
    }

    public Verdict Take(long row, long place, DateTimeOffset sentAt, TimeSpan goodFor, bool isReadable)
    {
        lock (_gate)
        {
            var delay = transit.DelayOf(sentAt);
            if (row < _row || row == _row && place < _next)
            {
                return Verdict.Ignore;
            }
            if (row > _row)
            {
                (_row, _next, _isOver) = (row, 0, false);
            }
            _isOver |= place != _next || delay > goodFor || !isReadable;
            _next = place + 1;
            return _isOver ? Verdict.Refuse : Verdict.Act;
        }
    }
}
