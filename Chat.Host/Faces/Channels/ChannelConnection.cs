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
}
