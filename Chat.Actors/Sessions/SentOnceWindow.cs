using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// Sends with a client id and their answers: the last 24 hours and 10,000 of them, per session. They are most of what a busy session keeps, so they are kept as
/// bytes: as objects they were two thirds of the collector's pauses.
/// </summary>
public sealed class SentOnceWindow
{
    public const int Capacity = 10_000;
    public static readonly TimeSpan Age = TimeSpan.FromHours(24);

    private readonly SendRecords _records = new();

    /// <summary>The newest of each author and client id.</summary>
    private readonly HashSet<long> _sends;
    private readonly Queue<long> _order = [];

    public SentOnceWindow() => _sends = new HashSet<long>(_records);

    /// <param name="Seq">Seq of the send's first event.</param>
    public sealed record Sent(string Author, string ClientId, MessageId MessageId, MessageId? RunId, long Seq, DateTimeOffset At);

    public int Count => _order.Count;

    /// <summary>Oldest first, as they are at the call; may be read while others are added.</summary>
    public IEnumerable<Sent> All => _records.Read([.. _order]);

    /// <param name="clientId">One that is empty names no send: a client that always sends it would have all its messages taken for the first.</param>
    public Accepted? Find(string author, string? clientId, DateTimeOffset now) =>
        !string.IsNullOrEmpty(clientId)
        && _sends.GetAlternateLookup<(string Author, string ClientId)>().TryGetValue((author, clientId), out var place)
        && _records.Read(place) is var sent
        && now - sent.At < Age
            ? new Accepted { Seq = sent.Seq, At = sent.At, MessageId = sent.MessageId, RunId = sent.RunId, Repeat = true }
            : null;

    public void Add(Sent sent)
    {
        var place = _records.Add(sent);
        if (!_sends.Add(place))
        {
            // One of the same id that is older than the window: it keeps its turn to go, but is no longer found.
            _sends.Remove(place);
            _sends.Add(place);
        }
        _order.Enqueue(place);
        while (_order.Count > Capacity || sent.At - _records.TimeOf(_order.Peek()) >= Age)
        {
            var old = _order.Dequeue();
            if (_sends.TryGetValue(old, out var named) && named == old)
            {
                _sends.Remove(old);
            }
            _records.DropBefore(_order.Peek());
        }
    }
}
