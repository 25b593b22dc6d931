using System.Collections.Concurrent;
using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>The hubs of this node: one for each session that someone here listens to.</summary>
public sealed class SessionHubs(TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionId, SessionHub> _hubs = new();
    private readonly TimeProvider _time = time;

    public int Count => _hubs.Count;

    public LastSeen LastSeen { get; } = new();

    /// <summary>Set once, before the first reader: begins to bring other nodes' events to a hub; what it returns is disposed of with the hub.</summary>
    public Func<SessionHub, IDisposable>? Connect { get; set; }

    /// <summary>Set once, before the first reader.</summary>
    public IReadOnlyList<IPresenceListener> Listeners { get; set; } = [];

    public IReadOnlyList<SessionHub> All => [.. _hubs.Values];

    /// <summary>From now on what is published reaches the subscriber, once it is live.</summary>
    public SessionHub Subscribe(SessionId session, Subscriber subscriber)
    {
        while (true)
        {
            var hub = _hubs.GetOrAdd(session, static (id, hubs) => new SessionHub(id, hubs.Listeners, hubs.LastSeen, hubs._time), this);
            if (hub.TryAdd(subscriber))
            {
                if (Connect is { } connect)
                {
                    lock (hub)
                    {
                        hub.Link ??= connect(hub);
                    }
                }
                return hub;
            }
            _hubs.TryRemove(KeyValuePair.Create(session, hub));
        }
    }

    public void Unsubscribe(SessionHub hub, Subscriber subscriber)
    {
        if (hub.Remove(subscriber))
        {
            _hubs.TryRemove(KeyValuePair.Create(hub.Session, hub));
            lock (hub)
            {
                hub.Link?.Dispose();
            }
        }
    }

    /// <summary>Gives durable events to the session's readers here.</summary>
    public void Publish(SessionId session, IReadOnlyList<EncodedEvent> batch)
    {
        if (_hubs.TryGetValue(session, out var hub))
        {
            hub.Publish(batch);
        }
    }

    public SessionHub? Find(SessionId session) => _hubs.GetValueOrDefault(session);
}
