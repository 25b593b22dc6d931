using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Actors.Sessions;

namespace Chat.Actors.Cluster;

/// <summary>
/// Makes one bucket of each user's buckets on all nodes: what one node gives, the others charge. No send waits for it, so a user who sends through several nodes at once
/// can be ahead by what they give within <see cref="Interval"/>; that is owed, and waited for before the next token. While the bus is away each node counts alone.
/// </summary>
public sealed class RateRelay : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private const string Topic = "rate";

    private readonly INodeBus _bus;
    private readonly RateLimiter _limiter;
    private readonly Lock _gate = new();
    private readonly IDisposable _inbox;
    private readonly ITimer _timer;
    private Dictionary<(string UserId, bool ForSessions), int> _given = [];

    public RateRelay(INodeBus bus, RateLimiter limiter, TimeProvider time)
    {
        _bus = bus;
        _limiter = limiter;
        _inbox = bus.Subscribe(Topic, Charge);
        limiter.Given = Note;
        _timer = time.CreateTimer(_ => Tell(), null, Interval, Interval);
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        Tell();
        _inbox.Dispose();
    }

    private void Note(string userId, bool forSessions, int tokens)
    {
        lock (_gate)
        {
            _given[(userId, forSessions)] = _given.GetValueOrDefault((userId, forSessions)) + tokens;
        }
    }

    private void Tell()
    {
        Dictionary<(string UserId, bool ForSessions), int> given;
        lock (_gate)
        {
            if (_given.Count == 0)
            {
                return;
            }
            (given, _given) = (_given, []);
        }
        var charges = given.Where(g => g.Value > 0).Select(g => new RateCharge(g.Key.UserId, g.Key.ForSessions, g.Value)).ToList();
        if (charges.Count > 0)
        {
            _bus.Publish(Topic, JsonSerializer.SerializeToUtf8Bytes(charges, RateJson.Default.IReadOnlyListRateCharge));
        }
    }

    private void Charge(ReadOnlyMemory<byte> message)
    {
        foreach (var charge in JsonSerializer.Deserialize(message.Span, RateJson.Default.IReadOnlyListRateCharge) ?? [])
        {
            _limiter.Charge(charge.UserId, charge.ForSessions, charge.Tokens);
        }
    }
}

/// <param name="Tokens">Given by the node that tells it.</param>
internal sealed record RateCharge(string UserId, bool ForSessions, int Tokens);

[JsonSerializable(typeof(IReadOnlyList<RateCharge>))]
internal sealed partial class RateJson : JsonSerializerContext;
