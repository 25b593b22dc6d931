using System.Text;
using System.Text.Json;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Protocol;
using StackExchange.Redis;

namespace Chat.Host.Redis;

/// <summary>
/// Keeps what other services read about who is here, in the keys of seeds 000 and 003: <c>session:{id}:participants</c>, <c>ws:connections:{user_id}</c>,
/// <c>ws:sessions:{id}</c>, <c>session:{id}:state</c>. Changes are gathered and written by one task, and all again where Redis did not
/// take them; nothing else waits for it, and this server reads none of them.
/// </summary>
internal sealed partial class PublicKeys : IPresenceListener, IAsyncDisposable
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan StateTimeToLive = TimeSpan.FromSeconds(3600);

    /// <summary>Seed 000 takes one who was not seen for two minutes for gone.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(60);

    /// <summary>A session that changes all the time has its state written so often.</summary>
    private static readonly TimeSpan WriteInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>All is written again so soon after some of it was not taken.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>So many writes are on their way at once.</summary>
    private const int WritesAtOnce = 1000;

    /// <summary>Only where it is still this node's: the user may have another socket elsewhere.</summary>
    private const string DeleteOwn = "local v = redis.call('GET', KEYS[1]) if v and string.find(v, ARGV[1], 1, true) then return redis.call('DEL', KEYS[1]) end return 0";

    private readonly RedisConnection _redis;
    private readonly SessionHubs _hubs;
    private readonly Func<SessionId, ValueTask<SessionView?>> _find;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<(SessionId Session, string UserId), Stay> _here = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _writing;

    /// <summary>Since all was last written.</summary>
    private bool _wasRefused;

    private Dictionary<(SessionId Session, string UserId), Stay> _changed = [];
    private HashSet<SessionId> _sessions = [];

    /// <summary>Sessions with someone here, as their events have told since they were read: on a node that is not their home, to read one is to read much of its log.</summary>
    private readonly Dictionary<SessionId, KnownState> _states = [];

    /// <param name="redis">The caller's.</param>
    /// <param name="find">The session as it is now.</param>
    public PublicKeys(RedisConnection redis, SessionHubs hubs, Func<SessionId, ValueTask<SessionView?>> find, TimeProvider time, ILogger logger)
    {
        _redis = redis;
        _hubs = hubs;
        _find = find;
        _time = time;
        _logger = logger;
        _writing = Task.Run(WriteAsync);
        redis.Restored += OnRestored;
    }

    public void Changed(SessionId session, PersonHere person)
    {
        var key = (session, person.Who.UserId);
        lock (_gate)
        {
            var stay = _here.GetValueOrDefault(key) ?? new Stay(TimeOrderedId.New("conn_"), _time.GetUtcNow());
            stay = stay with { Person = person };
            if (person.Sockets > 0)
            {
                _here[key] = stay;
            }
            else
            {
                _here.Remove(key);
            }
            _changed[key] = stay;
            _sessions.Add(session);
        }
    }

    public void Shown(SessionId session, PassingEvent e)
    {
        // Not about who is here.
    }

    /// <summary>Committed in a session, here or on another node.</summary>
    public void Note(SessionId session, IReadOnlyList<EncodedEvent> events)
    {
        if (_hubs.Find(session) is not null)
        {
            lock (_gate)
            {
                _sessions.Add(session);
                if (_states.TryGetValue(session, out var known))
                {
                    known.Take(events);
                }
            }
        }
    }

    /// <summary>To be called when no socket is here any more: their keys are removed first.</summary>
    public async ValueTask DisposeAsync()
    {
        _redis.Restored -= OnRestored;
        await _stopping.CancelAsync();
        await _writing;
        _stopping.Dispose();
    }

    private async Task WriteAsync()
    {
        var (refreshedAt, owes, pause) = (_time.GetTimestamp(), false, RetryInterval);
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(WriteInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_time.GetElapsedTime(refreshedAt) >= (owes ? pause : RefreshInterval))
            {
                // What is refused may be for ever, such as a key of that name which is something else's.
                pause = !_wasRefused ? RetryInterval : pause * 2 < RefreshInterval ? pause * 2 : RefreshInterval;
                (refreshedAt, owes, _wasRefused) = (_time.GetTimestamp(), false, false);
                RefreshAll();
            }
            owes |= !await WriteChangesAsync();
        }
    }

    /// <returns>Redis has taken all of them.</returns>
    private async ValueTask<bool> WriteChangesAsync()
    {
        Dictionary<(SessionId Session, string UserId), Stay> changed;
        HashSet<SessionId> sessions;
        lock (_gate)
        {
            if (_sessions.Count == 0)
            {
                return true;
            }
            (changed, _changed) = (_changed, []);
            (sessions, _sessions) = (_sessions, []);
        }
        try
        {
            var redis = _redis.Database;
            var writes = new List<Task>();
            foreach (var ((session, userId), stay) in changed)
            {
                Write(redis, writes, session, userId, stay);
                await AnsweredAsync(writes, WritesAtOnce);
            }
            foreach (var session in sessions)
            {
                await WriteStateAsync(redis, writes, session);
                await AnsweredAsync(writes, WritesAtOnce);
            }
            await AnsweredAsync(writes, 0);
            return !_wasRefused;
        }
        catch (Exception e) when (IsOfRedis(e))
        {
            // All that is here is written again soon; what has gone expires.
            LogLost(_logger, e.Message);
            return false;
        }
    }

    /// <summary>Where there are so many. Nothing else says that Redis has taken them: it may be away, or refuse to be written to.</summary>
    private async ValueTask AnsweredAsync(List<Task> writes, int atLeast)
    {
        if (writes.Count < atLeast)
        {
            return;
        }
        try
        {
            await Task.WhenAll(writes).WaitAsync(RedisAnswers.Patience, _time);
        }
        catch (RedisServerException e)
        {
            // One of them, and perhaps none of the others.
            _wasRefused = true;
            LogLost(_logger, e.Message);
        }
        writes.Clear();
    }

    private void Write(IDatabase redis, List<Task> writes, SessionId session, string userId, Stay stay)
    {
        var (participants, connection, users) = ($"session:{session.Value}:participants", "ws:connections:" + userId, "ws:sessions:" + session.Value);
        var who = stay.Person.Who;
        if (stay.Person.Sockets > 0)
        {
            writes.Add(redis.SetAddAsync(users, userId));
            writes.Add(redis.KeyExpireAsync(users, TimeToLive));
            writes.Add(redis.StringSetAsync(connection, ConnectionOf(session, stay), TimeToLive));
        }
        else
        {
            writes.Add(redis.ScriptEvaluateAsync(DeleteOwn, [connection], [stay.ConnectionId]));
            if (!IsAnywhere(session, userId))
            {
                writes.Add(redis.SetRemoveAsync(users, userId));
            }
        }
        if (who.ParticipantId is not { } participant)
        {
            return;
        }
        if (stay.Person.Counted > 0)
        {
            writes.Add(redis.HashSetAsync(participants, participant, ParticipantOf(stay)));
            writes.Add(redis.KeyExpireAsync(participants, TimeToLive));
        }
        else if (!IsAnywhere(session, userId))
        {
            writes.Add(redis.HashDeleteAsync(participants, participant));
        }
    }

    /// <summary>On another node: that one writes the keys again at its next refresh.</summary>
    private bool IsAnywhere(SessionId session, string userId) => _hubs.Find(session)?.Presence.WhoIsHere.UserIds.Contains(userId) ?? false;

    private async ValueTask WriteStateAsync(IDatabase redis, List<Task> writes, SessionId session)
    {
        if (await FindStateAsync(session) is var (isArchived, title, head))
        {
            var online = _hubs.Find(session)?.Presence.WhoIsHere.UserIds.Count ?? 0;
            writes.Add(redis.StringSetAsync($"session:{session.Value}:state", Json(w =>
            {
                w.WriteString("status"u8, isArchived ? "archived"u8 : "active"u8);
                w.WriteString("title"u8, title);
                w.WriteNumber("head_seq"u8, head);
                w.WriteNumber("online_count"u8, online);
            }), StateTimeToLive));
        }
    }

    private async ValueTask<(bool IsArchived, string? Title, long Head)?> FindStateAsync(SessionId session)
    {
        KnownState? known;
        lock (_gate)
        {
            if (_hubs.Find(session) is null)
            {
                _states.Remove(session);
                known = null;
            }
            else if (!_states.TryGetValue(session, out known))
            {
                // Before it is read, so that no event is missed.
                _states[session] = known = new KnownState();
            }
            else if (known.IsRead)
            {
                return known.Values;
            }
        }
        if (await _find(session) is not { } view)
        {
            return null;
        }
        lock (_gate)
        {
            known?.Read(view);
        }
        return (view.IsArchived, view.Title, view.Head);
    }

    private byte[] ParticipantOf(Stay stay) => Json(w =>
    {
        w.WriteString("id"u8, stay.Person.Who.ParticipantId);
        w.WriteString("nickname"u8, stay.Person.Who.Name);
        w.WriteTime("joined_at"u8, stay.Since);
        w.WriteTime("last_seen"u8, _time.GetUtcNow());
    });

    private byte[] ConnectionOf(SessionId session, Stay stay) => Json(w =>
    {
        w.WriteString("connection_id"u8, stay.ConnectionId);
        w.WriteString("session_id"u8, session.Value);
        w.WriteTime("connected_at"u8, stay.Since);
        w.WriteTime("last_ping"u8, _time.GetUtcNow());
    });

    private static byte[] Json(Action<Utf8JsonWriter> fields)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private void OnRestored(ConnectionType type) => RefreshAll();

    private void RefreshAll()
    {
        lock (_gate)
        {
            foreach (var (key, stay) in _here)
            {
                _changed.TryAdd(key, stay);
                _sessions.Add(key.Session);
            }
            // Should an event have been lost between nodes.
            _states.Clear();
        }
    }

    private static bool IsOfRedis(Exception e) =>
        e is RedisException or TimeoutException or ObjectDisposedException or Actors.Persistence.JournalUnavailableException;

    /// <summary>A user's sockets in a session, on this node.</summary>
    private sealed record Stay(string ConnectionId, DateTimeOffset Since)
    {
        public PersonHere Person { get; init; } = new(new Person("", ""), 0, 0);
    }

    /// <summary>What is shown of a session. Under the gate.</summary>
    private sealed class KnownState
    {
        public bool IsRead { get; private set; }

        public (bool IsArchived, string? Title, long Head) Values { get; private set; }

        public void Take(IReadOnlyList<EncodedEvent> events)
        {
            foreach (var e in events.Where(e => e.Seq > Values.Head))
            {
                Values = e.Event switch
                {
                    TitleChanged changed => (Values.IsArchived, changed.Title, e.Seq),
                    SessionArchived => (true, Values.Title, e.Seq),
                    SessionRestored => (false, Values.Title, e.Seq),
                    _ => Values with { Head = e.Seq },
                };
            }
        }

        /// <summary>Counts only if no event has come that the view does not know of; else it is read again.</summary>
        public void Read(SessionView view)
        {
            if (view.Head >= Values.Head)
            {
                (IsRead, Values) = (true, (view.IsArchived, view.Title, view.Head));
            }
        }
    }

    [LoggerMessage(611, LogLevel.Debug, "Keys for other services could not be written: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}
