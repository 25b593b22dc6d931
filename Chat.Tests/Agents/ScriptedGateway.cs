using System.Collections.Concurrent;
using System.Threading.Channels;
using Chat.Actors.Agents;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Agents;

/// <summary>
/// Sessions reduced to their runs, decided as contracts say, with every command noted. The test can refuse a command or hold its answer, and hears of every event
/// as the hub would.
/// </summary>
internal sealed class ScriptedGateway(ManualTime time) : ISessionGateway, IConversation, IOpenRuns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SessionId, List<OpenRun>> _open = [];
    private readonly Channel<SessionCommand> _commands = Channel.CreateUnbounded<SessionCommand>();
    private readonly Channel<StreamEnded> _endings = Channel.CreateUnbounded<StreamEnded>();
    private long _seq;

    public ConcurrentQueue<SessionEvent> Events { get; } = new();
    public ConcurrentQueue<SessionCommand> Commands { get; } = new();

    /// <summary>Told of every committed event.</summary>
    public Action<SessionId, IReadOnlyList<SessionEvent>>? Observer { get; set; }

    /// <summary>An answer instead of the session's; null lets the session decide.</summary>
    public Func<SessionCommand, Reply?> Refuse { get; set; } = _ => null;

    /// <summary>The command is decided, but its answer does not come: it looks to the asker as if the storage were away.</summary>
    public Func<SessionCommand, bool> LoseAnswer { get; set; } = _ => false;

    /// <summary>Awaited before the command is decided.</summary>
    public Func<SessionCommand, Task> Hold { get; set; } = _ => Task.CompletedTask;

    public Func<Conversation> Says { get; set; } = () => new Conversation([new AgentTurn(false, "user", "hello")], null);
    public int FailingReads { get; set; }

    /// <summary>A session whose log cannot be read.</summary>
    public SessionId? Broken { get; set; }

    public string Shown => string.Concat(Events.OfType<StreamChunk>().Select(chunk => chunk.Content));
    public IEnumerable<StreamEnded> Ended => Events.OfType<StreamEnded>();

    /// <summary>The next command of that kind; others before it are passed over.</summary>
    public async Task<T> NextAsync<T>()
        where T : SessionCommand
    {
        while (true)
        {
            if (await _commands.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)) is T wanted)
            {
                return wanted;
            }
        }
    }

    /// <summary>Until so many more answers have ended.</summary>
    public async Task EndedAsync(int answers)
    {
        for (var i = 0; i < answers; i++)
        {
            await _endings.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>A user's message that the agent is to answer.</summary>
    public MessageId Post(SessionId session, int agentId = 1)
    {
        var id = MessageId.New();
        List<SessionEvent> events = [];
        lock (_gate)
        {
            Runs(session).Add(new OpenRun(id, agentId, "test", MessageId.New(), 0, 0, null, "", 0));
            Emit(events, new RunQueued { At = time.GetUtcNow(), MessageId = id, AgentId = agentId, AgentName = "test", PromptId = new MessageId("p") });
        }
        Observer?.Invoke(session, events);
        return id;
    }

    /// <summary>A run as a crash has left it.</summary>
    public MessageId Leave(SessionId session, string written, string? streamedBy = null, int epoch = 1, int agentId = 1, string? node = null)
    {
        var id = MessageId.New();
        lock (_gate)
        {
            Runs(session).Add(new OpenRun(id, agentId, "test", MessageId.New(), ++_seq, epoch, streamedBy, written, written.Length == 0 ? 0 : 1) { Node = node });
        }
        return id;
    }

    public Task StopAsync(SessionId session, MessageId? id = null) =>
        AskAsync(session, new StopRun { Caller = new Caller("u", "u"), MessageId = id }).AsTask();

    public async ValueTask<Reply> AskAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        Commands.Enqueue(command);
        _commands.Writer.TryWrite(command);
        await Hold(command).WaitAsync(cancellation);
        if (Refuse(command) is { } refusal)
        {
            return refusal;
        }
        List<SessionEvent> events = [];
        Reply reply;
        lock (_gate)
        {
            reply = Decide(Runs(session), command, events);
        }
        if (events.Count > 0)
        {
            Observer?.Invoke(session, events);
        }
        return LoseAnswer(command) ? new Rejected(ErrorCode.StorageUnavailable, "The storage does not answer") : reply;
    }

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            if (session == Broken)
            {
                throw new EventFormatException("broken");
            }
            if (FailingReads > 0)
            {
                FailingReads--;
                throw new Actors.Persistence.JournalUnavailableException("away");
            }
            return ValueTask.FromResult<SessionView?>(new SessionView
            {
                SessionId = session,
                TraceId = "t",
                OwnerId = "u",
                Members = [],
                CreatedAt = ManualTime.Start,
                LastActivity = ManualTime.Start,
                MessageCount = 0,
                Head = _seq,
                NativeHead = _seq,
                OpenRuns = [.. Runs(session)],
            });
        }
    }

    public ValueTask<Conversation> ReadAsync(SessionId session, MessageId promptId, int limit, CancellationToken cancellation) => ValueTask.FromResult(Says());

    public ValueTask<IReadOnlyList<SessionId>> ReadAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<SessionId>>([.. _open.Where(session => session.Value.Count > 0).Select(session => session.Key)]);
        }
    }

    private Reply Decide(List<OpenRun> runs, SessionCommand command, List<SessionEvent> events)
    {
        var id = command switch
        {
            ClaimRun c => c.MessageId,
            AppendChunk c => c.MessageId,
            EndStream c => c.MessageId,
            StopRun c => c.MessageId ?? (runs.Count > 0 ? runs[0].MessageId : default),
            _ => throw new NotSupportedException(),
        };
        var at = runs.FindIndex(run => run.MessageId == id);
        if (at < 0)
        {
            return command is StopRun ? Done() : new Rejected(ErrorCode.NotFound, "ended");
        }
        var run = runs[at];
        var now = time.GetUtcNow();
        var epoch = (command as AppendChunk)?.Epoch ?? (command as EndStream)?.Epoch ?? run.Epoch;
        if (epoch < run.Epoch)
        {
            return new Rejected(ErrorCode.Forbidden, "taken over");
        }
        switch (command)
        {
            case ClaimRun when at > 0:
                return new Rejected(ErrorCode.NotFound, "another goes first");
            case ClaimRun claim:
                SessionEvent taken = run.StartSeq == 0
                    ? new StreamStarted { At = now, MessageId = id, SenderId = "1", SenderName = "test", Epoch = 1 }
                    : new RunClaimed { At = now, MessageId = id, Epoch = run.Epoch + 1, Node = claim.Node };
                Emit(events, taken);
                runs[at] = run = run with { StartSeq = run.StartSeq == 0 ? _seq : run.StartSeq, Epoch = run.Epoch + 1 };
                return Done() with { Epoch = run.Epoch };
            case AppendChunk { Index: { } index } when index < run.NextIndex:
                return Done() with { Repeat = true };
            case AppendChunk chunk:
                Emit(events, new StreamChunk { At = now, MessageId = id, Index = run.NextIndex, Content = chunk.Content, Epoch = run.Epoch });
                runs[at] = run with { Written = run.Written + chunk.Content, NextIndex = run.NextIndex + 1 };
                return Done();
            default:
                runs.RemoveAt(at);
                var end = command as EndStream;
                Emit(events, new StreamEnded
                {
                    At = now,
                    MessageId = id,
                    SenderId = "1",
                    SenderName = "test",
                    Status = end?.Status ?? StreamStatus.Stopped,
                    Content = run.Written,
                    TokensUsed = end?.TokensUsed ?? 0,
                    LatencyMs = end?.LatencyMs ?? -1,
                });
                return Done();
        }
    }

    private Accepted Done() => new() { Seq = _seq, At = time.GetUtcNow() };

    private void Emit(List<SessionEvent> events, SessionEvent happened)
    {
        _seq++;
        events.Add(happened);
        Events.Enqueue(happened);
        if (happened is StreamEnded ended)
        {
            _endings.Writer.TryWrite(ended);
        }
    }

    private List<OpenRun> Runs(SessionId session) => _open.TryGetValue(session, out var runs) ? runs : _open[session] = [];
}
