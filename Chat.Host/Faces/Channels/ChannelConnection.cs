using Chat.Host.Connections;
using Chat.Protocol;

namespace Chat.Host.Faces.Channels;

/// <summary>One socket of the channel face.</summary>
internal sealed class ChannelConnection(FaceServices services, EnteredSocket entered) : FaceConnection<ChannelRequest>(services, entered)
{
    public override async ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        switch (ChannelReader.Read(frame, out var rejected, out var clientMessageId))
        {
            case ChannelRequest.Message m:
                await AskAsync(CommandOf(m), m, cancellation);
                break;
            case ChannelRequest.File f:
                await ShowFileAsync(f.FileId, f.Content, f.ClientMessageId, f, cancellation);
                break;
            default:
                Subscriber.Send(SocketReplies.Error(rejected!, clientMessageId));
                break;
        }
    }

    private PostMessage CommandOf(ChannelRequest.Message m) => new()
    {
        Caller = Caller,
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = m.Content,
        ClientMessageId = m.ClientMessageId,
    };
}
