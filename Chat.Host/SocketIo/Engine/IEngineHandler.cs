namespace Chat.Host.SocketIo.Engine;

/// <summary>What an application does with one Engine.IO session. Its methods never run at the same time.</summary>
public interface IEngineHandler
{
    /// <summary>
    /// One message, in order of arrival; the next one waits for it, heartbeats do not. False when it breaks the application's protocol: the session ends
    /// with <see cref="EngineEndReason.ParseError"/>. An exception ends it with 1011 and is logged.
    /// </summary>
    ValueTask<bool> ReceiveAsync(EngineMessage message);

    /// <summary>Called once, after the last <see cref="ReceiveAsync"/> has returned.</summary>
    ValueTask EndedAsync(EngineEndReason reason);
}
