using System.Collections.Immutable;

namespace Chat.Actors.Cluster;

/// <summary>Who listens to which topic on this node.</summary>
internal sealed class TopicHandlers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ImmutableList<Action<ReadOnlyMemory<byte>>>> _handlers = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Topics
    {
        get
        {
            lock (_gate)
            {
                return [.. _handlers.Keys];
            }
        }
    }

    /// <summary>None comes or goes meanwhile.</summary>
    public void ForEachTopic(Action<string> act)
    {
        lock (_gate)
        {
            foreach (var topic in _handlers.Keys)
            {
                act(topic);
            }
        }
    }

    public bool Has(string topic)
    {
        lock (_gate)
        {
            return _handlers.ContainsKey(topic);
        }
    }

    /// <param name="topicEnded">Called when the topic's last handler goes.</param>
    public (IDisposable Subscription, bool IsFirst) Add(string topic, Action<ReadOnlyMemory<byte>> handler, Action? topicEnded = null)
    {
        lock (_gate)
        {
            var isFirst = !_handlers.TryGetValue(topic, out var handlers);
            _handlers[topic] = (handlers ?? []).Add(handler);
            return (new Subscription(this, topic, handler, topicEnded), isFirst);
        }
    }

    public void Handle(string topic, ReadOnlyMemory<byte> message)
    {
        ImmutableList<Action<ReadOnlyMemory<byte>>>? handlers;
        lock (_gate)
        {
            if (!_handlers.TryGetValue(topic, out handlers))
            {
                return;
            }
        }
        foreach (var handler in handlers)
        {
            handler(message);
        }
    }

    private sealed class Subscription(TopicHandlers owner, string topic, Action<ReadOnlyMemory<byte>> handler, Action? topicEnded) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) != 0)
            {
                return;
            }
            lock (owner._gate)
            {
                var left = owner._handlers[topic].Remove(handler);
                if (left.Count > 0)
                {
                    owner._handlers[topic] = left;
                    return;
                }
                owner._handlers.Remove(topic);
                topicEnded?.Invoke();
            }
        }
    }
}
