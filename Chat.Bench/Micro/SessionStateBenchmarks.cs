using BenchmarkDotNet.Attributes;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Bench.Micro;

/// <summary>Decide and Apply of a session that has been busy: what it remembers of its sends and messages is full, so that each post also forgets the oldest.</summary>
public class SessionStateBenchmarks
{
    /// <summary>More than the session remembers: when a command comes round again, it is not taken for a repeat.</summary>
    private const int Commands = 16_384;

    /// <summary>Of one answer; its start and its end are counted into the chunks.</summary>
    private const int Chunks = 200;

    private readonly PostMessage[] _posts = new PostMessage[Commands];
    private SessionState _state = new();
    private EditMessage _edit = null!;
    private int _next;

    [GlobalSetup]
    public void SetUp()
    {
        _state = new SessionState();
        _state.Apply(Samples.Created(Samples.Session));
        for (var i = 0; i < Commands; i++)
        {
            _posts[i] = new PostMessage { Caller = Samples.Kim, MessageId = MessageId.New(), RunId = MessageId.New(), Content = Samples.Content, ClientMessageId = $"c-{i:000000}" };
        }
        for (var i = 0; i < SentOnceWindow.Capacity; i++)
        {
            Post();
        }
        _edit = new EditMessage { Caller = Samples.Kim, MessageId = _state.Messages.All.Last().MessageId, Content = Samples.Content };
    }

    [Benchmark(Baseline = true)]
    public Reply Post() => Do(_posts[_next++ % Commands]);

    /// <summary>Refused by nothing, stored by nobody: the half of a post that makes its event.</summary>
    [Benchmark]
    public Reply DecidePost() => _state.Decide(_posts[(_next + 1) % Commands], Samples.At).Reply;

    [Benchmark]
    public Reply Edit() => Do(_edit);

    [Benchmark(OperationsPerInvoke = Chunks)]
    public void Chunk()
    {
        _state.Apply(new StreamStarted { At = Samples.At, MessageId = Samples.Message, SenderId = "1", SenderName = "Echo", Epoch = 1 });
        for (var i = 0; i < Chunks; i++)
        {
            Do(new AppendChunk { Caller = Caller.Server, MessageId = Samples.Message, Content = Samples.Chunk.Content, Epoch = 1, Index = i });
        }
        Do(new EndStream { Caller = Caller.Server, MessageId = Samples.Message, Status = StreamStatus.Complete, Epoch = 1 });
    }

    private Reply Do(SessionCommand command)
    {
        var (reply, events) = _state.Decide(command, Samples.At);
        foreach (var e in events)
        {
            _state.Apply(e);
        }
        return reply;
    }
}
