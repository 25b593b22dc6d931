using System.Text;
using Chat.Actors.Delivery;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Delivery;

public sealed class SessionHubTests
{
    [Fact]
    public async Task The_first_reader_of_a_face_is_shown_what_passes_before_anything_was_stored()
    {
        var hubs = new SessionHubs(TimeProvider.System);
        var subscriber = new Subscriber(new LateCodec(), "mina", queueLimit: 1000);
        var hub = hubs.Subscribe(new SessionId("s1"), subscriber);
        hub.Open(subscriber);

        hub.Presence.Enter(new Person("juno", "Juno"));

        await subscriber.WaitAsync();
        Assert.Equal(["joined juno"], Take(subscriber));
    }

    [Fact]
    public async Task Each_reader_is_shown_what_passes_after_it_was_opened_and_is_not_about_itself()
    {
        var hubs = new SessionHubs(TimeProvider.System);
        var written = new List<string>();
        var early = new Subscriber(new LateCodec(), "mina", queueLimit: 100_000);
        var hub = hubs.Subscribe(new SessionId("s1"), early);
        hub.Open(early);
        hub.Presence.Enter(new Person("mina", "Mina"));
        for (var i = 0; i < 100; i++)
        {
            hub.Presence.Enter(new Person($"user{i}", "User"));
        }
        var late = new Subscriber(new LateCodec(), "juno", queueLimit: 100_000) { WriteNow = bytes => Write(written, bytes) };
        hubs.Subscribe(new SessionId("s1"), late);
        hub.Open(late, Frame.Raw("first;"u8));
        var unopened = new Subscriber(new LateCodec(), "noah", queueLimit: 100_000);
        hubs.Subscribe(new SessionId("s1"), unopened);
        Assert.Equal(["first"], Take(late));
        await late.WaitAsync();
        hub.Presence.Enter(new Person("juno", "Juno"));
        for (var i = 0; i < 100; i++)
        {
            hub.Presence.Leave(new Person($"user{i}", "User"));
        }
        hub.Presence.Enter(new Person("last", "Last"));

        var expected = Enumerable.Range(0, 100).Select(i => $"left user{i}").Append("joined last").ToList();
        var seen = new List<string>();
        while (!seen.Contains("joined last"))
        {
            await early.WaitAsync();
            seen.AddRange(Take(early));
        }
        Assert.Equal([.. Enumerable.Range(0, 100).Select(i => $"joined user{i}"), "joined juno", .. expected], seen);
        await Eventually.TrueAsync(() => { lock (written) { return written.Count > 0 && written[^1] == "joined last"; } });
        Assert.Equal(expected, written);
        Assert.Empty(Take(unopened));
    }

    [Fact]
    public async Task A_reader_pages_what_the_journal_has_when_nothing_comes_any_more_and_not_before()
    {
        var hubs = new SessionHubs(TimeProvider.System);
        var subscriber = new Subscriber(NativeCodec.Instance, "mina", queueLimit: 100_000);
        var hub = hubs.Subscribe(new SessionId("s1"), subscriber);
        Assert.True(hub.TryGoLive(subscriber));
        hub.Publish([new EncodedEvent(1, 0, Events.Posted("one"))]);

        hub.NoteHead(1);
        hub.NoteHead(1);
        Assert.True(subscriber.IsLive);

        hub.Publish([new EncodedEvent(2, 1, Events.Posted("two"))]);
        hub.NoteHead(5);
        await Eventually.TrueAsync(() => subscriber.Cursor == 2);
        Assert.True(subscriber.IsLive);

        hub.NoteHead(5);
        Assert.False(subscriber.IsLive);
        Assert.False(hub.TryGoLive(subscriber));
        subscriber.AdvanceTo(5, shown: true);
        Assert.True(hub.TryGoLive(subscriber));
    }

    private static bool Write(List<string> written, ReadOnlyMemory<byte> bytes)
    {
        lock (written)
        {
            written.AddRange(Texts(bytes));
        }
        return true;
    }

    private static List<string> Take(Subscriber subscriber)
    {
        var frames = new List<Frame>();
        subscriber.Take(frames, int.MaxValue);
        return [.. frames.SelectMany(frame => Texts(frame.Bytes))];
    }

    private static string[] Texts(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span).Split(';', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Its place is drawn when it is first asked for, as that of a face is that nobody has used yet.</summary>
    private sealed class LateCodec : FaceCodec
    {
        private static readonly int Slot = NewIndex();

        public override int Index => Slot;

        public override Frame? Encode(long seq, long previous, SessionEvent e) => null;

        public override Frame? Encode(PassingEvent e) => Frame.Raw(Encoding.UTF8.GetBytes($"{(e is UserJoined ? "joined" : "left")} {e.Who.UserId};"));
    }
}
