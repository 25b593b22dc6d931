using Chat.Host.SocketIo.Engine;

namespace Chat.Host.SocketIo;

/// <summary>A Socket.IO server, protocol 5. Its namespaces are made and filled before it is mapped.</summary>
public sealed class SocketIoServer
{
    private readonly Dictionary<string, SocketIoNamespace> _spaces = new(StringComparer.Ordinal);

    public SocketIoServer(SocketIoOptions options, TimeProvider time, ILogger logger)
    {
        Options = options;
        Time = time;
        Logger = logger;
        Engine = new EngineServer(options.Engine, session => new SocketIoConnection(this, session), time, logger);
    }

    /// <summary>Engine.IO sessions of this server.</summary>
    public int Count => Engine.Count;

    internal SocketIoOptions Options { get; }
    internal TimeProvider Time { get; }
    internal ILogger Logger { get; }
    internal EngineServer Engine { get; }

    /// <summary>The namespace of that name, made at first use; a client that asks for one that was not made gets <c>Invalid namespace</c>.</summary>
    /// <param name="name">Begins with a slash and has no comma; <c>/</c> is the main one.</param>
    public SocketIoNamespace Of(string name)
    {
        if (!name.StartsWith('/') || name.Contains(','))
        {
            throw new ArgumentException("A namespace begins with a slash and has no comma", nameof(name));
        }
        return Find(name) ?? (_spaces[name] = new SocketIoNamespace(name));
    }

    /// <summary>Ends every session: WebSockets with the code, polls with a close packet. New ones are refused with 503 from now on.</summary>
    public void CloseAll(int code, string reason) => Engine.CloseAll(code, reason);

    internal SocketIoNamespace? Find(string name) => _spaces.GetValueOrDefault(name);
}
