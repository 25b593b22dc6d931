using System.Buffers;
using Chat.Bench.Clients;
using Chat.Bench.Faces;
using Chat.Bench.Measure;

namespace Chat.Bench.Load;

/// <summary>
/// One user in one room: sends messages, and checks what it is shown. What is received is the event loop's; <see cref="Post"/> may be called by any thread.
/// </summary>
internal sealed class Member : ISocketReader
{
    /// <summary>Messages of one sender whose rank is remembered. One that is shown to a receiver later than so many of the same sender's is held against its number only.</summary>
    private const int Remembered = 256;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private readonly LoadRun _run;

    /// <summary>None where it is no sender.</summary>
    private readonly Sent[] _sent;

    private readonly Lock _gate = new();
    private ClientSocket? _socket;
    private int _posted;
    private TaskCompletionSource _entry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isLeaving;

    public Member(LoadRun run, Room room, int number)
    {
        _run = run;
        Room = room;
        Number = number;
        Order = new OrderCheck(run.SendersPerRoom);
        _sent = NumberInRoom >= run.SendersPerRoom ? [] : new Sent[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(Remembered, 2 * run.InFlight))];
    }

    public Room Room { get; }

    /// <summary>Among all of the run.</summary>
    public int Number { get; }

    public int NumberInRoom => Number - Room.FirstMember;

    public string UserId => _run.UserId(Number);

    public string? Token { get; set; }

    /// <summary>How the face names it, where that is not its user id.</summary>
    public string? Alias { get; set; }

    public OrderCheck Order { get; }

    /// <summary>Is shown what others post.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Its own socket counts no deliveries: an agent that writes.</summary>
    public bool IsAgent { get; init; }

    public int Posted => Volatile.Read(ref _posted);

    /// <summary>May be called again after <see cref="LeaveAsync"/>.</summary>
    public Task ConnectAsync(CancellationToken cancellation)
    {
        _isLeaving = false;
        _entry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (address, token) = _run.Face.Door(_run.Site, this);
        return ClientSocket.ConnectAsync(address, token, this, socket =>
        {
            _socket = socket;
            _run.Face.Enter(this);
        }, cancellation);
    }

    /// <summary>Returns when the server has said that it is in; at once where the face does not say so.</summary>
    /// <exception cref="IOException">The server ended the connection.</exception>
    public Task EntryAsync(CancellationToken cancellation) => _run.Face.TellsEntry ? _entry.Task.WaitAsync(cancellation) : Task.CompletedTask;

    public Task LeaveAsync(CancellationToken cancellation)
    {
        _isLeaving = true;
        return _socket!.CloseAsync(cancellation);
    }

    public ValueTask DisposeAsync() => _socket?.DisposeAsync() ?? default;

    public void Send(ReadOnlySpan<byte> frame) => _socket!.Send(frame);

    /// <summary>Nothing where it has not come in yet.</summary>
    public void SendLife(ReadOnlySpan<byte> frame) => _socket?.Send(frame);

    /// <summary>Nothing where it has sent all that it should.</summary>
    /// <param name="due">When it should be sent, which is what its latency counts from.</param>
    public void Post(long due)
    {
        lock (_gate)
        {
            if (_posted >= _run.Messages)
            {
                return;
            }
            var index = _posted++;
            _sent[index & (_sent.Length - 1)] = new Sent { Index = index, Rank = -1, Left = Room.Receivers, Due = due };
            Write(new Stamp(Number, index, due));
        }
    }

    /// <summary>A message that only finds out who is there.</summary>
    public void PostProbe() => Write(new Stamp(Number, Stamp.Probe, 0));

    /// <summary>The face lets this member post and be shown.</summary>
    public void Entered()
    {
        IsReady = true;
        _entry.TrySetResult();
    }

    public void Take(ReadOnlySpan<byte> payload, long now) => _run.Face.Take(payload, this, now);

    public void Ended(string why)
    {
        _entry.TrySetException(new IOException($"The connection ended: {why}"));
        if (!_isLeaving)
        {
            _run.Tally.End(this, why);
        }
    }

    /// <summary>Called by the face for each message that a frame shows, oldest first.</summary>
    public void Show(in Stamp stamp, long now)
    {
        var sender = stamp.Sender - Room.FirstMember;
        if (stamp.Index == Stamp.Probe && (uint)sender < (uint)Room.Members.Length)
        {
            IsReady = true;
            return;
        }
        if ((uint)sender >= (uint)_run.SendersPerRoom)
        {
            _run.Tally.Stray++;
            return;
        }
        var author = Room.Members[sender];
        if (_run.Face.ShowsNewestOnly)
        {
            if (stamp.Index < Order.Next(sender))
            {
                return;
            }
            while (Order.Next(sender) < stamp.Index)
            {
                author.PassOver(Order.PassOver(sender), now);
                _run.Tally.PassedOver++;
            }
        }
        if (Order.Take(sender, stamp.Index) && !IsAgent)
        {
            _run.Tally.Deliver(stamp.Due, now);
            author.ShownTo(this, stamp.Index, now);
        }
    }

    /// <summary>Called by the face for each chunk of the answer that this session's agent writes.</summary>
    public void ShowChunk(int index, long now)
    {
        Order.TakeChunk(index);
        _run.Tally.Chunk();
        if (index == 0 && NumberInRoom == 0)
        {
            _run.Tally.Acknowledge(_sent[(_posted - 1) & (_sent.Length - 1)].Due, now);
        }
    }

    /// <summary>Called by the face for what the server acknowledges.</summary>
    public void Acknowledge(int index, long now)
    {
        ref var sent = ref _sent[index & (_sent.Length - 1)];
        if (sent.Index == index)
        {
            _run.Tally.Acknowledge(sent.Due, now);
        }
        if (_run.EndsWithAck)
        {
            _run.Complete(this, now);
        }
    }

    /// <summary>Called by the face for what the server refuses; -1 where it does not say what.</summary>
    public void Refuse(int index, string why, long now)
    {
        _run.Tally.Refuse(why);
        if (index >= 0)
        {
            Room.Refuse(NumberInRoom, index);
            _run.Refuse(this, now);
        }
    }

    private void ShownTo(Member receiver, int index, long now)
    {
        ref var sent = ref _sent[index & (_sent.Length - 1)];
        if (sent.Index != index)
        {
            return;
        }
        if (sent.Rank < 0)
        {
            sent.Rank = Room.NextRank++;
        }
        receiver.Order.TakeRank(sent.Rank);
        PassOver(index, now);
    }

    /// <summary>One receiver more needs it no longer.</summary>
    private void PassOver(int index, long now)
    {
        ref var sent = ref _sent[index & (_sent.Length - 1)];
        if (sent.Index == index && --sent.Left == 0 && !_run.EndsWithAck)
        {
            _run.Complete(this, now);
        }
    }

    private void Write(in Stamp stamp)
    {
        var scratch = _scratch ??= new ArrayBufferWriter<byte>(1024);
        Span<byte> content = stackalloc byte[Stamp.Length];
        stamp.Write(content, _run.Marker);
        scratch.ResetWrittenCount();
        _run.Face.WriteMessage(scratch, this, stamp.Index, content, _run.Padding);
        _socket!.Send(scratch.WrittenSpan);
    }

    /// <summary>A message of this member's.</summary>
    private struct Sent
    {
        public int Index;
        public int Left;
        public long Rank;
        public long Due;
    }
}
