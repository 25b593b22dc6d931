using Chat.Actors.Delivery;
using Chat.Protocol;

namespace Chat.Tests.Delivery;

public sealed class SessionHubTests
{
    [Fact]
    public void The_first_reader_of_a_face_is_shown_what_passes_before_anything_was_stored()
    {
        var hubs = new SessionHubs(TimeProvider.System);
        var subscriber = new Subscriber(new LateCodec(), "mina", queueLimit: 1000);
        var hub = hubs.Subscribe(new SessionId("s1"), subscriber);
        subscriber.Open();

        hub.Presence.Enter(new Person("juno", "Juno"));

        var frames = new List<Frame>();
        subscriber.Take(frames, 1000);
        Assert.Single(frames);
    }

    /// <summary>Its place is drawn when it is first asked for, as that of a face is that nobody has used yet.</summary>
    private sealed class LateCodec : FaceCodec
    {
        private static readonly int Slot = NewIndex();

        public override int Index => Slot;

        public override Frame? Encode(long seq, long previous, SessionEvent e) => null;

        public override Frame? Encode(PassingEvent e) => Frame.Raw("passing"u8);
    }
}
