using BenchmarkDotNet.Attributes;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Bench.Micro;

/// <summary>
/// A send by the native face, from the bytes of its frame to the frame of its ack, with a journal that takes no time. The session has no other reader.
/// </summary>
public class SendBenchmarks
{
    private static readonly byte[] Frame = System.Text.Encoding.UTF8.GetBytes($$"""{"type":"message","content":"{{Samples.Content}}","message_type":"text"}""");

    private readonly SemaphoreSlim _answered = new(0);
    private InstantJournal _journal = new();
    private SessionGateway _gateway = null!;
    private AskQueue<NativeRequest> _asks = null!;
    private int _waiting;

    /// <summary>Sends of one socket that are under way at once.</summary>
    [Params(1, 32)]
    public int Sends { get; set; }

    /// <summary>Events between two snapshots: as in production, and so many that none is made.</summary>
    [Params(500, int.MaxValue)]
    public int SnapshotEvery { get; set; }

    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult();

    private async Task SetUpAsync()
    {
        _journal = new InstantJournal();
        _gateway = new SessionGateway(new SessionActors(new SessionServices
        {
            Journal = _journal,
            Time = TimeProvider.System,
            Publish = (_, _) => { },
            FindMessage = (_, _) => default,
            SnapshotEvery = SnapshotEvery,
            Logger = NullLogger.Instance,
        }), new RateLimiter(int.MaxValue, TimeProvider.System));
        await _gateway.AskAsync(Samples.Session, new CreateSession { Caller = Samples.Kim, SessionId = Samples.Session, TraceId = "trace_1" });
        _asks = new AskQueue<NativeRequest>(_gateway, Samples.Session, Answer, () => throw new InvalidOperationException("A send failed"));
        // As many as it remembers: from then on each send also forgets one.
        for (var sent = 0; sent < SentOnceWindow.Capacity; sent += Sends)
        {
            await SendAsync();
        }
    }

    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    private async Task CleanUpAsync()
    {
        _asks.Dispose();
        await _gateway.DisposeAsync();
    }

    [Benchmark]
    public async Task SendAsync()
    {
        _waiting = Sends;
        for (var i = 0; i < Sends; i++)
        {
            var message = (NativeRequest.Message)NativeReader.Read(Frame, out _, out _)!;
            var id = MessageId.New();
            var command = new PostMessage
            {
                Caller = Samples.Kim,
                MessageId = id,
                RunId = MessageId.New(),
                Content = message.Content,
                MessageType = message.MessageType,
                // Each send has an id of its own; the message's does for that.
                ClientMessageId = id.Value,
            };
            await _asks.AskAsync(command, message, CancellationToken.None);
        }
        await _answered.WaitAsync();
    }

    private void Answer(Reply reply, NativeRequest request)
    {
        SocketReplies.Ack("c-000001", (Accepted)reply);
        if (Interlocked.Decrement(ref _waiting) == 0)
        {
            _answered.Release();
        }
    }
}
