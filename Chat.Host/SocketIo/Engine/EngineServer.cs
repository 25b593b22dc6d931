using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.AspNetCore.Http;

namespace Chat.Host.SocketIo.Engine;

/// <summary>An Engine.IO server, protocol 4: the sessions of one path.</summary>
public sealed class EngineServer
{
    /// <summary>144 bits: not to be guessed, and no padding in base64.</summary>
    private const int IdBytes = 18;

    private readonly ConcurrentDictionary<string, EngineSession> _sessions = new(StringComparer.Ordinal);
    private volatile EngineEnd? _closing;

    /// <param name="accept">Gives each new session its application; called before the session can receive.</param>
    public EngineServer(EngineOptions options, Func<EngineSession, IEngineHandler> accept, TimeProvider time, ILogger logger)
    {
        Options = options;
        Accept = accept;
        Time = time;
        Logger = logger;
    }

    /// <summary>Sessions whose place has not been given back yet.</summary>
    public int Count => _sessions.Count;

    internal EngineOptions Options { get; }
    internal Func<EngineSession, IEngineHandler> Accept { get; }
    internal TimeProvider Time { get; }
    internal ILogger Logger { get; }

    internal IReadOnlyCollection<EngineSession> All => [.. _sessions.Values];

    /// <summary>From now on new sessions are refused with 503; those that are here stay until <see cref="Close"/>.</summary>
    public void Refuse(int code, string reason) => _closing = new EngineEnd(EngineEndReason.ClosedByServer, code, reason);

    /// <summary>Ends a session with what was said in <see cref="Refuse"/>.</summary>
    internal void Close(EngineSession session) => session.End(_closing!);

    /// <summary>Ends every session, and from now on refuses new ones with 503.</summary>
    public void CloseAll(int code, string reason)
    {
        Refuse(code, reason);
        foreach (var session in _sessions.Values)
        {
            Close(session);
        }
    }

    /// <summary>The session that a request names; null where it is not known, or not any more.</summary>
    internal EngineSession? Find(string id) => _sessions.TryGetValue(id, out var session) && session.IsKnown() ? session : null;

    internal void Remove(EngineSession session)
    {
        if (_sessions.TryRemove(session.Id, out _))
        {
            Options.Release(session.Handshake);
        }
    }

    /// <summary>A handshake that is well-formed.</summary>
    internal async Task OpenAsync(HttpContext context, bool isPolling)
    {
        if (_closing is not null)
        {
            await EngineRefusal.Forbidden(StatusCodes.Status503ServiceUnavailable).WriteAsync(context);
            return;
        }
        var admission = Options.Admit(context);
        if (admission.RefusedWith is { } status)
        {
            await EngineRefusal.Forbidden(status).WriteAsync(context);
        }
        else if (isPolling)
        {
            await OpenPollingAsync(context, admission);
        }
        else
        {
            await RunWebSocketAsync(context, admission);
        }
    }

    /// <summary>A WebSocket that is to take over a session. One for which there is no place is taken and closed, which a browser can see.</summary>
    internal async Task UpgradeAsync(HttpContext context, EngineSession session)
    {
        using var transport = new WebSocketTransport(session, Options, Time, context.RequestAborted);
        // Before it is accepted: what the client does once it knows of that must find it attached.
        var isAttached = session.TryAttach(transport);
        var isUpgraded = false;
        try
        {
            transport.Open(await WebSocketTransport.AcceptAsync(context), context.Features.Get<GatedStream>());
            if (!isAttached)
            {
                await transport.RefuseAsync();
            }
            else if (await transport.UpgradeAsync())
            {
                isUpgraded = true;
                await transport.RunAsync();
            }
        }
        finally
        {
            if (isUpgraded)
            {
                session.Remove();
            }
            else if (isAttached)
            {
                session.Detach();
            }
        }
    }

    private async Task OpenPollingAsync(HttpContext context, EngineAdmission admission)
    {
        EngineSession session;
        try
        {
            session = Register(context, admission, isPolling: true);
        }
        catch
        {
            Options.Release(admission.Handshake);
            throw;
        }
        var open = EncodeOpen(session.Id, isPolling: true);
        PollingTransport.PrepareText(context, open.Length);
        await context.Response.Body.WriteAsync(open, context.RequestAborted);
    }

    private async Task RunWebSocketAsync(HttpContext context, EngineAdmission admission)
    {
        EngineSession? session = null;
        try
        {
            var socket = await WebSocketTransport.AcceptAsync(context);
            session = Register(context, admission, isPolling: false);
            using var transport = new WebSocketTransport(session, Options, Time, context.RequestAborted);
            transport.Open(socket, context.Features.Get<GatedStream>());
            // It does not where the session has ended already: then it is only closed.
            session.TryAttach(transport);
            await transport.RunAsync();
        }
        finally
        {
            if (session is null)
            {
                Options.Release(admission.Handshake);
            }
            else
            {
                session.Remove();
            }
        }
    }

    private EngineSession Register(HttpContext context, EngineAdmission admission, bool isPolling)
    {
        var id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes)) + (Options.Mark.Length > 0 ? "." + Options.Mark : "");
        var open = isPolling ? null : Frame.Text(EncodeOpen(id, isPolling));
        var session = new EngineSession(this, id, context.Connection.RemoteIpAddress, admission.Handshake, open);
        _sessions[id] = session;
        if (_closing is { } closing)
        {
            session.End(closing);
        }
        return session;
    }

    private byte[] EncodeOpen(string id, bool isPolling)
    {
        var bytes = new ArrayBufferWriter<byte>(128);
        bytes.Write([(byte)EnginePacketType.Open]);
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        json.WriteString("sid", id);
        json.WriteStartArray("upgrades");
        if (isPolling)
        {
            json.WriteStringValue("websocket");
        }
        json.WriteEndArray();
        json.WriteNumber("pingInterval", (long)Options.PingInterval.TotalMilliseconds);
        json.WriteNumber("pingTimeout", (long)Options.PingTimeout.TotalMilliseconds);
        json.WriteNumber("maxPayload", Options.MaxPayload);
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }
}
