using System.Collections.Concurrent;

namespace Chat.Host.Connections;

/// <summary>The sockets of this node, up to the configured number.</summary>
public sealed class ConnectionRegistry(int limit)
{
    private readonly ConcurrentDictionary<Connection, byte> _connections = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Set when the node stops: no socket is taken any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>False when there is no room: the handshake is refused with 503.</summary>
    public bool TryEnter()
    {
        if (IsClosed)
        {
            return false;
        }
        if (Interlocked.Increment(ref _count) <= limit)
        {
            return true;
        }
        Interlocked.Decrement(ref _count);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _count);

    internal void Add(Connection connection)
    {
        _connections.TryAdd(connection, 0);
        if (IsClosed)
        {
            connection.Close(Protocol.CloseCode.Draining, "The server is stopping");
        }
    }

    internal void Remove(Connection connection) => _connections.TryRemove(connection, out _);

    internal IReadOnlyCollection<Connection> All => [.. _connections.Keys];

    /// <summary>No socket is taken from now on; those that are here stay.</summary>
    public void Refuse() => IsClosed = true;
}
