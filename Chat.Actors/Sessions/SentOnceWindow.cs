using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>Sends with a client id and their answers: the last 24 hours and 10,000 of them, per session.</summary>
public sealed class SentOnceWindow
{
    public const int Capacity = 10_000;
    public static readonly TimeSpan Age = TimeSpan.FromHours(24);

    private readonly Dictionary<(string Author, string ClientId), Sent> _sends = [];
    private readonly Queue<Sent> _order = [];

    /// <param name="Seq">Seq of the send's first event.</param>
    public sealed record Sent(string Author, string ClientId, MessageId MessageId, MessageId? RunId, long Seq, DateTimeOffset At);

    public int Count => _order.Count;

    /// <summary>Oldest first.</summary>
    public IEnumerable<Sent> All => _order;

    /// <param name="clientId">One that is empty names no send: a client that always sends it would have all its messages taken for the first.</param>
    public Accepted? Find(string author, string? clientId, DateTimeOffset now) =>
        !string.IsNullOrEmpty(clientId) && _sends.TryGetValue((author, clientId), out var sent) && now - sent.At < Age
            ? new Accepted { Seq = sent.Seq, At = sent.At, MessageId = sent.MessageId, RunId = sent.RunId, Repeat = true }
            : null;

    public void Add(Sent sent)
    {
        _sends[(sent.Author, sent.ClientId)] = sent;
        _order.Enqueue(sent);
        while (_order.Count > Capacity || sent.At - _order.Peek().At >= Age)
        {
            var old = _order.Dequeue();
            if (_sends.Remove((old.Author, old.ClientId), out var named) && !ReferenceEquals(named, old))
            {
                // A newer one of the same id, which was sent again after the window.
                _sends[(old.Author, old.ClientId)] = named;
            }
        }
    }
}
