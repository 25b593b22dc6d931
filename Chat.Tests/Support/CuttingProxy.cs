using System.Net;
using System.Net.Sockets;

namespace Chat.Tests.Support;

/// <summary>Stands between a client and PostgreSQL, and breaks the connection at the moment that matters.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    /// <summary>The journal's writer has one insert that commits by itself, its first prepared statement; after the other it says so (with the end: BEGIN says READ COMMITTED).</summary>
    private static readonly byte[][] Commits = ["\0_p1\0"u8.ToArray(), "COMMIT\0"u8.ToArray()];

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly int target;
    private readonly Task accepting;
    private volatile Cut armed;

    public CuttingProxy(int targetPort)
    {
        target = targetPort;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public enum Cut
    {
        Never,

        /// <summary>The server never hears of the commit.</summary>
        BeforeCommit,

        /// <summary>The server never hears of the commit, and the connection stays open without a word, whatever the client does: as of a node that stands still.</summary>
        SilenceBeforeCommit,

        /// <summary>The server commits, the client never hears of it.</summary>
        AfterCommit,

        /// <summary>The server commits, and the connection stays open without a word.</summary>
        SilenceAfterCommit,
    }

    public int Port { get; }

    /// <summary>Breaks the next commit, and only that.</summary>
    public void Arm(Cut cut) => armed = cut;

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Stop();
        await accepting;
        closing.Dispose();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        var links = new List<Task>();
        try
        {
            while (true)
            {
                links.Add(LinkAsync(await listener.AcceptTcpClientAsync(closing.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(links);
        }
    }

    private async Task LinkAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, target, closing.Token);
                var (near, far) = (client.GetStream(), server.GetStream());
                var state = new LinkState();
                await Task.WhenAny(UpAsync(near, far, state), DownAsync(far, near, state));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Either end has gone; so does the other.
            }
        }
    }

    private async Task UpAsync(NetworkStream client, NetworkStream server, LinkState state)
    {
        var buffer = new byte[64 * 1024];
        while (await client.ReadAsync(buffer, closing.Token) is > 0 and var count)
        {
            if (armed != Cut.Never && Commits.Any(commit => buffer.AsSpan(0, count).IndexOf(commit) >= 0))
            {
                state.Cut = armed;
                armed = Cut.Never;
                switch (state.Cut)
                {
                    case Cut.BeforeCommit:
                        return;
                    case Cut.SilenceBeforeCommit:
                        await Task.Delay(Timeout.Infinite, closing.Token);
                        return;
                }
            }
            await server.WriteAsync(buffer.AsMemory(0, count), closing.Token);
        }
    }

    private async Task DownAsync(NetworkStream server, NetworkStream client, LinkState state)
    {
        var buffer = new byte[64 * 1024];
        while (await server.ReadAsync(buffer, closing.Token) is > 0 and var count)
        {
            switch (state.Cut)
            {
                case Cut.AfterCommit:
                    return;
                case Cut.SilenceAfterCommit:
                    continue;
                default:
                    await client.WriteAsync(buffer.AsMemory(0, count), closing.Token);
                    break;
            }
        }
    }

    private sealed class LinkState
    {
        private volatile Cut cut;

        public Cut Cut
        {
            get => cut;
            set => cut = value;
        }
    }
}
