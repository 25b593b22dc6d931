namespace Chat.Bench.Faces;

/// <summary>The faces of the chat server, by name.</summary>
internal static class ChatFaces
{
    private static readonly Dictionary<string, Func<byte[], Face>> ByName = new()
    {
        ["native"] = marker => new NativeFace(marker),
        ["participants"] = marker => new ParticipantsFace(marker),
        ["rooms"] = marker => new RoomsFace(marker),
        ["channels"] = marker => new ChannelsFace(marker),
        ["socketio"] = marker => new SocketIoFace(marker),
    };

    public static IEnumerable<string> Names => ByName.Keys;

    public static Func<byte[], Face>? Find(string name) => ByName.GetValueOrDefault(name);
}
