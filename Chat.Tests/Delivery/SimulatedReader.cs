using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Delivery;

/// <summary>A connection's writer as a machine of single steps, with the client that gets its frames and holds them against the log.</summary>
internal sealed class SimulatedReader
{
    private readonly DeliveryWorld _world;
    private readonly Subscriber _subscriber;
    private readonly List<Frame> _frames = [];
    private Func<bool>? _takesNow;
    private Step _next = Step.Take;
    private Task _resting = Task.CompletedTask;
    private Replay _replay;
    private long? _since;
    private long? _syncTo;

    private SimulatedReader(DeliveryWorld world, Subscriber subscriber, long? since)
    {
        _world = world;
        _subscriber = subscriber;
        _since = since;
        _replay = new Replay(world, world.Journal, world.Hub, subscriber, since);
    }

    private enum Step
    {
        Take,
        Look,
        Rest,
        Page,
    }

    public Subscriber Subscriber => _subscriber;

    /// <summary>The log's head when the reader came, or asked for its replay.</summary>
    public long BeganAt { get; private set; }

    /// <summary>Stored frames since then.</summary>
    public List<NativeFrame> Received { get; } = [];

    public bool IsAtRest => _next is Step.Take or Step.Rest && _subscriber.IsLive && _syncTo is null;

    /// <param name="takesNow">Whether its transport takes at once what it is offered while the reader rests. Null: it has none that could.</param>
    public static async Task<SimulatedReader> ComeAsync(DeliveryWorld world, int queueLimit, long? since, Func<bool>? takesNow = null)
    {
        SimulatedReader? reader = null;
        var subscriber = new Subscriber(NativeCodec.Instance, "kim", queueLimit) { WriteNow = takesNow is null ? null : bytes => reader!.TryReceive(bytes) };
        reader = new SimulatedReader(world, subscriber, since) { _takesNow = takesNow };
        world.Subscribers.Add(reader._subscriber);
        reader.BeganAt = (await reader._replay.BeginAsync(default))!.Head;
        return reader;
    }

    /// <summary>The client asks for everything after a seq that it has heard of.</summary>
    public void Sync(long since) => _syncTo ??= since;

    public async Task StepAsync()
    {
        switch (_next)
        {
            case Step.Take:
                if (_subscriber.Take(_frames, 200) == 0)
                {
                    _next = Step.Look;
                }
                Deliver();
                break;
            case Step.Look:
                _next = !_subscriber.IsLive || _syncTo is not null ? Step.Page : _takesNow is null ? Step.Take : Step.Rest;
                _resting = _next == Step.Rest ? _subscriber.WaitAsync().AsTask() : Task.CompletedTask;
                break;
            case Step.Rest:
                _subscriber.Wake();
                await _resting;
                _next = Step.Take;
                break;
            case Step.Page:
                await PageAsync();
                _next = Step.Take;
                break;
        }
    }

    /// <summary>Until nothing is left to be read.</summary>
    public async Task CatchUpAsync()
    {
        for (var i = 0; i < 100_000; i++)
        {
            await StepAsync();
            if (IsAtRest && _subscriber.Cursor == _world.Log.Count && _subscriber.Take(_frames, int.MaxValue) == 0)
            {
                return;
            }
            Deliver();
        }
        throw new TimeoutException($"The reader stands at {_subscriber.Cursor} of {_world.Log.Count}");
    }

    /// <summary>Holds what came against the log, told a second way.</summary>
    public void Check()
    {
        var log = _world.Log;
        var from = _since ?? BeganAt;
        var whole = Received.Where(frame => frame.OptionalText("message_type") == "stream").Select(frame => frame.Text("message_id")).ToHashSet();
        var expected = new List<string>();
        var starts = new Dictionary<string, long>();
        var ends = log.Select(e => e.Event).OfType<StreamEnded>().ToDictionary(s => s.MessageId.Value);
        var endSeqs = log.Where(e => e.Event is StreamEnded).ToDictionary(e => ((StreamEnded)e.Event!).MessageId.Value, e => e.Seq);
        foreach (var stored in log)
        {
            // One who asks for nothing of the past still gets the beginning of what was being written.
            bool Wanted(string run) => stored.Seq > from || _since is null && starts[run] <= BeganAt && endSeqs.GetValueOrDefault(run, long.MaxValue) > BeganAt;
            switch (stored.Event)
            {
                case StreamStarted s:
                    starts[s.MessageId.Value] = stored.Seq;
                    if (Wanted(s.MessageId.Value) && !whole.Contains(s.MessageId.Value))
                    {
                        expected.Add($"{stored.Seq} stream_start");
                    }
                    break;
                case StreamChunk c when Wanted(c.MessageId.Value) && !whole.Contains(c.MessageId.Value):
                    expected.Add($"{stored.Seq} stream_chunk");
                    break;
                case StreamEnded s when stored.Seq > from:
                    expected.Add(whole.Contains(s.MessageId.Value) ? $"{stored.Seq} message" : $"{stored.Seq} stream_end");
                    break;
                case MessagePosted when stored.Seq > from:
                    expected.Add($"{stored.Seq} message");
                    break;
                case TitleChanged when stored.Seq > from:
                    expected.Add($"{stored.Seq} system");
                    break;
            }
        }
        Assert.Equal(expected, Received.Select(frame => $"{frame.Seq} {frame.Type}"));
        foreach (var run in whole)
        {
            Assert.True(starts[run] > from, $"{run} came whole though the cursor {from} lies inside it");
        }
        foreach (var (run, start) in starts.Where(run => endSeqs.GetValueOrDefault(run.Key, long.MaxValue) <= BeganAt && run.Value > from))
        {
            Assert.True(whole.Contains(run), $"{run} (from {start}) had ended at {BeganAt}, and came in pieces");
        }
        CheckOrder();
    }

    /// <summary>Each frame names the one before it, so that a client would see a hole.</summary>
    private void CheckOrder()
    {
        var from = _since ?? BeganAt;
        for (var i = 0; i < Received.Count; i++)
        {
            var (frame, before) = (Received[i], i == 0 ? from : Received[i - 1].Seq);
            Assert.True(i == 0 || frame.Seq > before, $"Repeated or out of order after {before}: {frame}");
            Assert.True(frame.Prev == before || frame.Prev <= from, $"A hole after {before}: {frame}");
        }
    }

    private async Task PageAsync()
    {
        if (_syncTo is { } since)
        {
            CheckOrder();
            var notAfter = _subscriber.TakenUpTo;
            (_syncTo, _since) = (null, Math.Min(since, notAfter));
            Received.Clear();
            _replay = new Replay(_world, _world.Journal, _world.Hub, _subscriber, since, notAfter: notAfter);
            BeganAt = (await _replay.BeginAsync(default))!.Head;
        }
        if (await _replay.NextAsync(Kim, _frames, default))
        {
            _replay.Restart();
        }
        Deliver();
    }

    private bool TryReceive(ReadOnlyMemory<byte> bytes)
    {
        if (!_takesNow!())
        {
            return false;
        }
        Assert.Empty(_frames);
        Received.AddRange(WebSocketFrames.PayloadsOf(bytes).Select(payload => new NativeFrame(payload)));
        return true;
    }

    private void Deliver()
    {
        Received.AddRange(_frames.Select(frame => new NativeFrame(frame.Payload.ToArray())));
        _frames.Clear();
    }
}
