using Chat.Tests.Support;

namespace Chat.Tests.Contracts.Faces;

/// <summary>One client of a face: does what its user does, and keeps all that it is told.</summary>
public abstract class ContractClient(ClientProgram program, Key key, FaceSession session) : IAsyncDisposable
{
    /// <summary>Nothing here takes so long unless it is broken.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly List<Told> _told = [];
    private readonly HashSet<Told> _askedFor = new(ReferenceEqualityComparer.Instance);
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _number;

    public Key Key => key;

    /// <summary>Greatest seq that it knows of what it was shown.</summary>
    public long Cursor { get; private set; }

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<Told> Everything
    {
        get
        {
            lock (_gate)
            {
                return [.. _told];
            }
        }
    }

    public IReadOnlyList<Told.Said> Messages => [.. Everything.OfType<Told.Said>()];

    public IReadOnlyList<Line> Transcript => [.. Messages.Select(m => m.Line)];

    protected FaceSession Session => session;

    /// <param name="clientMessageId">Asks for an acknowledgement by this name.</param>
    public abstract void Say(string text, string? clientMessageId = null);

    /// <summary>Sends a message that this face cannot take for its size.</summary>
    public abstract void SayTooMuch(int bytes);

    /// <summary>What this client's frames can get wrong.</summary>
    public abstract IEnumerable<Mistake> Mistakes { get; }

    /// <summary>Returns when the server has handled all that was sent before, and all that it then had to say has come.</summary>
    public async Task SettleAsync()
    {
        AskToSettle();
        await ExpectAsync<Told.Settled>();
    }

    public async Task<Told.Acked> PostAsync(string text, string? clientMessageId = null)
    {
        var id = clientMessageId ?? Guid.NewGuid().ToString("N");
        Say(text, id);
        return await ExpectAsync<Told.Acked>(a => a.ClientMessageId == id);
    }

    /// <summary>The message with this text.</summary>
    public Task<Told.Said> HearAsync(string text) => ExpectAsync<Told.Said>(s => s.Text == text);

    /// <summary>The first of this kind, not yet asked for, that fits. Others stay to be asked for.</summary>
    public async Task<T> ExpectAsync<T>(Func<T, bool>? fits = null)
        where T : Told
    {
        using var timeout = new CancellationTokenSource(Patience);
        for (var seen = 0; ;)
        {
            Task news;
            lock (_gate)
            {
                for (; seen < _told.Count; seen++)
                {
                    if (_told[seen] is T told && !_askedFor.Contains(told) && (fits is null || fits(told)))
                    {
                        _askedFor.Add(told);
                        return told;
                    }
                }
                if (_told.LastOrDefault() is Told.Closed)
                {
                    throw new InvalidOperationException($"{key.Name} was told of no {typeof(T).Name} before the end. {Account()}");
                }
                news = _news.Task;
            }
            try
            {
                await news.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{key.Name} was told of no {typeof(T).Name}. {Account()}");
            }
        }
    }

    /// <summary>Returns when so many messages have come.</summary>
    public async Task HearAllAsync(int count)
    {
        while (Messages.Count < count)
        {
            await ExpectAsync<Told.Said>();
        }
    }

    public Task<Told.Closed> ClosedAsync() => ExpectAsync<Told.Closed>();

    /// <summary>Reads no more until <see cref="Resume"/>.</summary>
    public void Pause() => Do("pause");

    public void Resume() => Do("resume");

    /// <summary>Closes as its library does, and waits for the end.</summary>
    public async Task CloseAsync()
    {
        Do("close");
        await ClosedAsync();
    }

    /// <summary>Breaks off without a word, as a cable does.</summary>
    public async Task BreakAsync()
    {
        Do("break");
        await ClosedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!Everything.OfType<Told.Closed>().Any())
        {
            await BreakAsync();
        }
        GC.SuppressFinalize(this);
    }

    protected void Open(object opening) => _number = program.Open(opening, Receive);

    protected void Do(string what, object? fields = null) => program.Tell(_number, what, fields);

    /// <summary>Sends what the server answers by something that is read as <see cref="Told.Settled"/>.</summary>
    protected abstract void AskToSettle();

    /// <summary>One report of the client's library; called by one thread at a time.</summary>
    protected abstract IEnumerable<Told> Read(ClientReport report);

    /// <summary>This has been shown, or lies before what will be.</summary>
    internal void Reach(long seq) => Cursor = Math.Max(Cursor, seq);

    private void Receive(ClientReport report)
    {
        var told = Interpret(report);
        TaskCompletionSource news;
        lock (_gate)
        {
            _told.AddRange(told);
            foreach (var said in told.OfType<Told.Said>())
            {
                Reach(said.Seq ?? 0);
            }
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        news.SetResult();
    }

    private IReadOnlyList<Told> Interpret(ClientReport report)
    {
        try
        {
            return report.What == "close" ? [new Told.Closed(report.Number("code"), report.Text("reason"))] : [.. Read(report)];
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or System.Text.Json.JsonException)
        {
            // A field that a frame must have is not there: the test that waits for the frame shows it.
            return [new Told.Other($"Not as the face's contract has it ({e.Message}): {report.Json}")];
        }
    }

    private string Account() => $"It was told {_told.Count} things, at last:\n{string.Join('\n', _told.TakeLast(20).Select(Shorten))}";

    private static string Shorten(Told told) => told.ToString() is { Length: > 300 } text ? text[..300] + "…" : told.ToString();
}
