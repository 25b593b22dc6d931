using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>One WebSocket of a face: client frames to commands, answers to frames.</summary>
/// <typeparam name="TRequest">What a client frame of the face is read into.</typeparam>
internal abstract class FaceConnection<TRequest>(FaceServices services, EnteredSocket entered) : SessionSocket<TRequest>(services, entered), ILiveFace
    where TRequest : ClientRequest
{
    public abstract ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation);

    public virtual ValueTask EndAsync() => default;

    /// <summary>An <c>ack</c> where the frame had an id to acknowledge, an <c>error</c> where it was refused.</summary>
    protected override void Answer(Reply reply, TRequest request)
    {
        switch (reply)
        {
            case Accepted accepted when request.ClientMessageId is { } id:
                Hub.Send(Subscriber, SocketReplies.Ack(id, accepted), accepted.Seq);
                break;
            case Rejected rejected:
                Subscriber.Send(SocketReplies.Error(rejected, request.ClientMessageId));
                break;
        }
    }
}
