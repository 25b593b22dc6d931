namespace Chat.Host.SocketIo.Engine;

/// <summary>
/// The packets that wait for one client, bounded in bytes, and the two who wait at it: the transport for something to send, producers for room.
/// Every call is made under its owner's lock.
/// </summary>
internal sealed class Outbox(int limit)
{
    /// <summary>A queue that has grown beyond this is given back once it is empty: an idle session is to cost little.</summary>
    private const int KeptCapacity = 16;

    private Queue<EnginePacket>? _packets;
    private TaskCompletionSource? _wake;
    private TaskCompletionSource? _room;
    private bool _hasPing;

    public int Bytes { get; private set; }

    public bool IsEmpty => !_hasPing && _packets is not { Count: > 0 };

    public bool HasRoom => Bytes <= limit;

    public void Add(EnginePacket packet)
    {
        (_packets ??= new Queue<EnginePacket>()).Enqueue(packet);
        Bytes += packet.Weight;
        Wake();
    }

    /// <summary>A ping overtakes what waits: its answer is awaited from now on.</summary>
    public void AddPing()
    {
        _hasPing = true;
        Wake();
    }

    /// <summary>Moves waiting packets, oldest first, up to about the given bytes (one packet at least). False when there was none.</summary>
    public bool Take(List<EnginePacket> packets, int maxBytes)
    {
        var count = packets.Count;
        if (_hasPing)
        {
            _hasPing = false;
            packets.Add(EnginePacket.Ping);
        }
        var bytes = 0;
        while (_packets is not null && _packets.TryPeek(out var packet) && (bytes == 0 || bytes + packet.Weight <= maxBytes))
        {
            packets.Add(_packets.Dequeue());
            bytes += packet.Weight;
        }
        Bytes -= bytes;
        if (_packets is { Count: 0 } && _packets.Capacity > KeptCapacity)
        {
            _packets = null;
        }
        if (Bytes <= limit / 2)
        {
            ReleaseRoom();
        }
        return packets.Count > count;
    }

    /// <summary>Completes at the next change: a packet, a ping, or whatever its owner wakes for.</summary>
    public Task WaitAsync() => (_wake ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Wake()
    {
        _wake?.SetResult();
        _wake = null;
    }

    /// <summary>Completes once half of the limit is free, or at the end.</summary>
    public Task WaitForRoomAsync() => (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Nothing is added from now on.</summary>
    /// <param name="isDropped">What waits is not sent either.</param>
    public void End(bool isDropped)
    {
        _hasPing = false;
        if (isDropped)
        {
            _packets = null;
            Bytes = 0;
        }
        ReleaseRoom();
        Wake();
    }

    private void ReleaseRoom()
    {
        _room?.SetResult();
        _room = null;
    }
}
