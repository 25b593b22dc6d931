using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>
/// Shows other services, in native frames, what was committed on this node and what its sockets do: <c>chat:session:{id}</c>, <c>chat:typing:{id}</c>,
/// <c>chat:presence:{id}</c>, and messages to each member's <c>chat:user:{user_id}</c>. Written and never read: whoever can write to Redis must not speak as a user.
/// </summary>
internal sealed partial class PublicChannels : IPresenceListener, IAsyncDisposable
{
    /// <summary>Batches that wait while Redis is slow; what comes then is dropped. A second of a busy node.</summary>
    private const int Capacity = 10_000;

    /// <summary>Larger sessions are not copied to their members' channels: each message would be as many publications.</summary>
    public const int MostMembers = 100;

    /// <summary>Sessions whose members are remembered: those of a busy second.</summary>
    private const int MostRemembered = 10_000;

    /// <summary>A session's members are looked up again after this.</summary>
    private static readonly TimeSpan MembersFor = TimeSpan.FromSeconds(1);

    /// <summary>At the node's end what waits is published for so long. The members of its sessions are asked of other nodes by then: all of it may take minutes.</summary>
    private static readonly TimeSpan LastPublications = TimeSpan.FromSeconds(2);

    private readonly RedisConnection _redis;
    private readonly Func<SessionId, ValueTask<SessionView?>> _find;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>By session. What another node changes is seen when they are looked up again.</summary>
    private readonly Dictionary<SessionId, (IReadOnlyList<string> UserIds, long FoundAt)> _members = [];

    private readonly Channel<(SessionId Session, IReadOnlyList<EncodedEvent>? Stored, PassingEvent? Passing)> _waiting =
        Channel.CreateBounded<(SessionId, IReadOnlyList<EncodedEvent>?, PassingEvent?)>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly Task _publishing;
    private volatile bool _isOver;

    /// <param name="redis">The caller's.</param>
    /// <param name="find">The session as it is now.</param>
    public PublicChannels(RedisConnection redis, Func<SessionId, ValueTask<SessionView?>> find, TimeProvider time, ILogger logger)
    {
        _redis = redis;
        _find = find;
        _time = time;
        _logger = logger;
        _publishing = Task.Run(PublishAsync);
    }

    /// <summary>Never blocks: what is committed does not wait for Redis.</summary>
    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> events) => Enqueue(session, events, null);

    public void Changed(SessionId session, PersonHere person)
    {
        // Told by who joins and who leaves.
    }

    public void Shown(SessionId session, PassingEvent e) => Enqueue(session, null, e);

    /// <summary>What waits is still published, as far as there is time and Redis takes it; the rest is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await using var end = _time.CreateTimer(_ => _isOver = true, null, LastPublications, Timeout.InfiniteTimeSpan);
        await _publishing;
    }

    private void Enqueue(SessionId session, IReadOnlyList<EncodedEvent>? stored, PassingEvent? passing)
    {
        if (!_waiting.Writer.TryWrite((session, stored, passing)))
        {
            ChatMetrics.PublicFramesDropped.Add(stored?.Count ?? 1);
        }
    }

    private async Task PublishAsync()
    {
        await foreach (var (session, stored, passing) in _waiting.Reader.ReadAllAsync())
        {
            if (_isOver)
            {
                ChatMetrics.PublicFramesDropped.Add(stored?.Count ?? 1);
                continue;
            }
            try
            {
                if (passing is not null)
                {
                    Publish(session, passing);
                }
                foreach (var e in stored ?? [])
                {
                    await PublishAsync(session, e);
                }
            }
            catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or Actors.Persistence.JournalUnavailableException)
            {
                ChatMetrics.PublicFramesDropped.Add(stored?.Count ?? 1);
                LogLost(_logger, e.Message);
            }
        }
    }

    private void Publish(SessionId session, PassingEvent e)
    {
        if (NativeCodec.Instance.Encode(e) is { } frame)
        {
            var channel = e switch
            {
                Typing => "chat:typing:",
                UserJoined or UserLeft => "chat:presence:",
                _ => "chat:session:",
            };
            Publish(channel + session.Value, frame.Payload);
        }
    }

    private async ValueTask PublishAsync(SessionId session, EncodedEvent e)
    {
        if (e.Event is MemberAdded or MemberRemoved or ParticipantJoined)
        {
            _members.Remove(session);
        }
        // Encoded here and not taken from the event, whose frames are made by the hub's thread.
        if (NativeCodec.Instance.Encode(e.Seq, e.Previous, e.Event) is not { } frame)
        {
            return;
        }
        Publish("chat:session:" + session.Value, frame.Payload);
        var message = e.Event switch
        {
            MessagePosted => frame,
            StreamEnded ended => NativeCodec.Instance.EncodeWhole(e.Seq, e.Previous, ended),
            _ => null,
        };
        if (message is null || await FindMembersAsync(session) is not { Count: > 0 } members)
        {
            return;
        }
        var named = Named(session, message.Payload.Span);
        foreach (var userId in members)
        {
            Publish("chat:user:" + userId, named);
        }
    }

    /// <summary>Nobody of a session that is too large.</summary>
    private async ValueTask<IReadOnlyList<string>> FindMembersAsync(SessionId session)
    {
        if (_members.TryGetValue(session, out var known) && _time.GetElapsedTime(known.FoundAt) < MembersFor)
        {
            return known.UserIds;
        }
        if (_members.Count >= MostRemembered)
        {
            _members.Clear();
        }
        IReadOnlyList<string> found = await _find(session) is { Members.Count: <= MostMembers } view ? [.. view.Members.Select(member => member.UserId)] : [];
        _members[session] = (found, _time.GetTimestamp());
        return found;
    }

    /// <summary>The frame with the session's id before all else: a user's channel carries many sessions.</summary>
    internal static byte[] Named(SessionId session, ReadOnlySpan<byte> frame) =>
        [.. "{\"session_id\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(session.Value), (byte)',', .. frame[1..]];

    private void Publish(string channel, ReadOnlyMemory<byte> payload) =>
        _redis.Subscriber.Publish(channel, payload.ToArray(), CommandFlags.FireAndForget);

    [LoggerMessage(610, LogLevel.Debug, "Frames for other services are lost: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
