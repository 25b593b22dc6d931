using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Persistence;

public sealed class WriteQueueTests : IDisposable
{
    private readonly WriteQueue _queue = new(new JournalOptions(), TimeProvider.System, () => { }, NullLogger.Instance);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Chunks_that_nobody_joins_are_taken_all_the_same()
    {
        Assert.Equal([Add(Chunk), Add(Chunk)], _queue.Take()!);
    }

    [Fact]
    public void What_does_not_wait_takes_along_what_does()
    {
        Assert.Equal([Add(Chunk), Add(Message), Add(Chunk)], _queue.Take()!);
        // Nothing is left of the message: the next chunk has to wait again, and is taken.
        Assert.Equal([Add(Chunk)], _queue.Take()!);
    }

    [Fact]
    public async Task A_writer_that_waits_for_company_is_woken_by_what_does_not_wait_and_by_the_end()
    {
        var taken = new List<PendingWrite>();
        var writing = Task.Run(() =>
        {
            while (_queue.Take() is { } group)
            {
                taken.AddRange(group);
            }
        });
        var added = new List<PendingWrite>();
        for (var i = 0; i < 200; i++)
        {
            added.Add(Add(i % 3 == 0 ? Message : Chunk));
            await Task.Delay(i % 10 == 0 ? 5 : 0);
        }
        _queue.Close();
        await writing.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(added, taken);
    }

    private static SessionEvent Message => Events.Posted(1)[0];

    private static SessionEvent Chunk => new StreamChunk { At = Events.At, MessageId = MessageId.New(), Content = "a", Index = 0, Epoch = 1 };

    private PendingAppend Add(SessionEvent e)
    {
        var append = PendingAppend.Of(new AppendChain("sess_a"), 0, [e], new EventCodec(), TimeProvider.System);
        _queue.Add(append);
        return append;
    }
}
