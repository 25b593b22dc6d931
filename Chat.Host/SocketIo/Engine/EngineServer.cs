namespace Chat.Host.SocketIo.Engine;

/// <summary>An Engine.IO server, protocol 4: the sessions of one path.</summary>
public sealed class EngineServer
{
    /// <param name="accept">Gives each new session its application; called before the session can receive.</param>
    public EngineServer(EngineOptions options, Func<EngineSession, IEngineHandler> accept, TimeProvider time, ILogger logger) => throw new NotImplementedException();

    /// <summary>Sessions whose place has not been given back yet.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Ends every session, and from now on refuses new ones with 503.</summary>
    public void CloseAll(int code, string reason) => throw new NotImplementedException();
}
