using System.Net.WebSockets;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Cluster;

/// <summary>Reads a session by its cursor over all its sockets; a hole, a repeat or a wrong order ends it with an assertion.</summary>
internal sealed class RoamingReader(TestCluster cluster, int first, string session, string user, Action<NativeFrame>? seen = null) : Roamer(cluster, first)
{
    private readonly Transcript _transcript = new();
    private long _cursor;

    /// <summary>Seq of the last stored frame.</summary>
    public long Cursor => Volatile.Read(ref _cursor);

    /// <summary>To be asked for when it has ended.</summary>
    public IReadOnlyList<string> Lines => _transcript.Lines;

    protected override Uri AddressOn(TestNode node) => node.SocketUri($"/ws/{session}?since={Cursor}", user);

    protected override async Task TalkAsync(ClientWebSocket socket, CancellationToken stop)
    {
        while (true)
        {
            var frame = new NativeFrame(JsonSerializer.SerializeToUtf8Bytes(await ReceiveAsync(socket, stop)));
            _transcript.Add(frame);
            Volatile.Write(ref _cursor, _transcript.Cursor);
            State = $"{user} on {Node}: at {Cursor}";
            seen?.Invoke(frame);
        }
    }
}
