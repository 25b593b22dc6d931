using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.Faces.SocketIo;
using Chat.Protocol;

namespace Chat.Host;

/// <summary>
/// How a node stops: it is not ready from the first moment on and takes no new socket, other nodes take over its sessions and answers, then the sockets are closed
/// with 1012 over <c>service.drain-time</c>. Requests are answered until then; the web server stops after it.
/// </summary>
internal sealed partial class NodeDrain(
    ChatOptions options, ChatNode node, ConnectionRegistry sockets, SocketIoFace socketIo, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<NodeDrain> logger)
    : IHostedLifecycleService
{
    private const string Reason = "The server is stopping";

    /// <summary>As a signal would: the process ends with code 0.</summary>
    public void Begin()
    {
        LogAsked(logger);
        sockets.Refuse();
        lifetime.StopApplication();
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        sockets.Refuse();
        var engine = socketIo.Server.Engine;
        engine.Refuse(CloseCode.Draining, Reason);
        await node.DrainAsync();
        await Task.WhenAll(
            // Requests come until balancers have noticed; with the port they would have nobody.
            node.IsAlone ? Task.CompletedTask : Task.Delay(options.Cluster.LeaveTime, time, cancellationToken),
            Spread.OverAsync(sockets.All, options.Service.DrainTime, time, socket => socket.Close(CloseCode.Draining, Reason), cancellationToken),
            Spread.OverAsync(engine.All, options.Service.DrainTime, time, session => engine.Close(session), cancellationToken));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5, LogLevel.Information, "Stopping, as an operator asked")]
    private static partial void LogAsked(ILogger logger);
}
