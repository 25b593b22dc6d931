using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.Participants;

/// <summary>One socket of the participant face.</summary>
internal sealed class ParticipantConnection(FaceServices services, EnteredSocket entered) : FaceConnection<ParticipantRequest>(services, entered)
{
    public override async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        switch (ParticipantReader.Read(frame, out var rejected, out var clientMessageId))
        {
            case ParticipantRequest.Message m:
                await AskAsync(CommandOf(m), m, cancellation);
                break;
            case ParticipantRequest.Typing t:
                Hub.Presence.SetTyping(Caller.UserId, t.IsTyping);
                break;
            case ParticipantRequest.Update:
                Hub.Presence.Confirm(Caller.UserId);
                break;
            default:
                Subscriber.Send(SocketReplies.Error(rejected!, clientMessageId));
                break;
        }
    }

    private PostMessage CommandOf(ParticipantRequest.Message m) => new()
    {
        Caller = Caller,
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = m.Content,
        MessageType = m.IsQuestion ? "question" : "text",
        ClientMessageId = m.ClientMessageId,
    };
}
