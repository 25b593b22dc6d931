namespace Chat.Host.Connections;

/// <summary>One WebSocket of a face: client frames to commands, answers to frames.</summary>
/// <typeparam name="TRequest">What a client frame of the face is read into.</typeparam>
internal abstract class FaceConnection<TRequest>(FaceServices services, EnteredSocket entered) : SessionSocket<TRequest>(services, entered), ILiveFace
{
    public abstract ValueTask ReceiveAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation);

    public virtual ValueTask EndAsync() => default;
}
