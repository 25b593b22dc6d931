namespace Chat.Host.SocketIo;

/// <summary>A packet whose attachments are still arriving, each in a message of its own.</summary>
internal sealed class BinaryPacket(SocketIoHeader header, byte[] json)
{
    private readonly List<ReadOnlyMemory<byte>> _attachments = [];

    public SocketIoHeader Header => header;

    public ReadOnlyMemory<byte> Json => json;

    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments => _attachments;

    /// <summary>With everything that has arrived.</summary>
    public int Length { get; private set; } = json.Length;

    public bool IsComplete => _attachments.Count == header.Attachments;

    public void Add(ReadOnlyMemory<byte> attachment)
    {
        _attachments.Add(attachment.ToArray());
        Length += attachment.Length;
    }
}
