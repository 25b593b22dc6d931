using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.Channels;

/// <summary>One socket of the channel face.</summary>
internal sealed class ChannelConnection(FaceServices services, EnteredSocket entered) : FaceConnection<ChannelRequest>(services, entered)
{
    public override async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        if (ChannelReader.Read(frame, out var rejected, out var clientMessageId) is not { } request)
        {
            Subscriber.Send(SocketReplies.Error(rejected!, clientMessageId));
            return;
        }
        var post = new PostMessage
        {
            Caller = Caller,
            MessageId = MessageId.New(),
            RunId = MessageId.New(),
            Content = request.Message,
            ClientMessageId = request.ClientMessageId,
        };
        await AskAsync(post, request, cancellation);
    }

    protected override void Answer(Reply reply, ChannelRequest request)
    {
        switch (reply)
        {
            case Accepted accepted when request.ClientMessageId is { } id:
                Subscriber.Send(SocketReplies.Ack(id, accepted));
                break;
            case Rejected rejected:
                Subscriber.Send(SocketReplies.Error(rejected, request.ClientMessageId));
                break;
        }
    }
}
