using System.Collections.Immutable;

namespace Chat.Actors.Cluster;

/// <summary>Who listens to which topic on this node.</summary>
internal sealed class TopicHandlers
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private long _begun;

    /// <summary>Topics that have had a first handler, ever.</summary>
    public long Begun
    {
        get
        {
            lock (_gate)
            {
                return _begun;
            }
        }
    }

    public IReadOnlyCollection<string> Topics
    {
        get
        {
            lock (_gate)
            {
                return [.. _topics.Keys];
            }
        }
    }

    /// <summary>None comes or goes meanwhile.</summary>
    public void ForEachTopic(Action<string> act)
    {
        lock (_gate)
        {
            foreach (var topic in _topics.Keys)
            {
                act(topic);
            }
        }
    }

    /// <summary>Of the first so many that have <see cref="Begun"/>, those that have had handlers ever since.</summary>
    public int CountOfFirst(long begun)
    {
        lock (_gate)
        {
            return _topics.Values.Count(topic => topic.Number <= begun);
        }
    }

    public bool Has(string topic)
    {
        lock (_gate)
        {
            return _topics.ContainsKey(topic);
        }
    }

    /// <param name="topicEnded">Called when the topic's last handler goes.</param>
    public (IDisposable Subscription, bool IsFirst) Add(string topic, Action<ReadOnlyMemory<byte>> handler, Action? topicEnded = null)
    {
        lock (_gate)
        {
            var isFirst = !_topics.TryGetValue(topic, out var listened);
            listened ??= new Topic(++_begun, []);
            _topics[topic] = listened with { Handlers = listened.Handlers.Add(handler) };
            return (new Subscription(this, topic, handler, topicEnded), isFirst);
        }
    }

    public void Handle(string topic, ReadOnlyMemory<byte> message)
    {
        Topic? listened;
        lock (_gate)
        {
            if (!_topics.TryGetValue(topic, out listened))
            {
                return;
            }
        }
        foreach (var handler in listened.Handlers)
        {
            handler(message);
        }
    }

    private sealed record Topic(long Number, ImmutableList<Action<ReadOnlyMemory<byte>>> Handlers);

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
                var listened = owner._topics[topic];
                var left = listened.Handlers.Remove(handler);
                if (left.Count > 0)
                {
                    owner._topics[topic] = listened with { Handlers = left };
                    return;
                }
                owner._topics.Remove(topic);
                topicEnded?.Invoke();
            }
        }
    }
}
