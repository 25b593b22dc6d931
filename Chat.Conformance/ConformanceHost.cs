using System.Runtime.InteropServices;
using Chat.Host.SocketIo;
using Chat.Host.SocketIo.Engine;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Conformance;

/// <summary>The bare servers, without chat, as the protocols' published suites expect them.</summary>
public static class ConformanceHost
{
    private static readonly EngineOptions Engine = new()
    {
        PingInterval = TimeSpan.FromMilliseconds(300),
        PingTimeout = TimeSpan.FromMilliseconds(200),
        MaxPayload = 1_000_000,
        AllowOrigin = "*",
    };

    /// <summary>
    /// The suites' WebSocket client hands out two messages of one read at once, and loses the second where the test only then begins to listen for it. What
    /// must be seen apart is written apart by so much; a busy machine wakes a reader within it, and it is far below the ping interval.
    /// </summary>
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(20);

    /// <param name="port">0 for any free one.</param>
    public static WebApplication Build(TimeProvider time, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port));
        builder.Services.AddSingleton(time);
        var app = builder.Build();
        app.Use(WriteHandshakeApart);
        app.UseGatedWebSockets();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Chat.Conformance");
        var engine = new EngineServer(Engine, session => new Echo(session), time, logger);
        var server = BuildSocketIo(time, logger);
        app.MapEngineIo("/engine.io", engine);
        app.MapSocketIo("/socket.io", server);
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            // A poll that waits would hold the end up.
            engine.CloseAll(CloseCode.Draining, "The server is stopping");
            server.CloseAll(CloseCode.Draining, "The server is stopping");
        });
        return app;
    }

    private static SocketIoServer BuildSocketIo(TimeProvider time, ILogger logger)
    {
        var server = new SocketIoServer(new SocketIoOptions { Engine = Engine, ConnectTimeout = TimeSpan.FromSeconds(1) }, time, logger);
        foreach (var name in (string[])["/", "/custom"])
        {
            server.Of(name).OnConnected = async (socket, auth) =>
            {
                await Task.Delay(Apart);
                socket.Emit("auth", writer =>
                {
                    if (auth is { } given)
                    {
                        writer.Json.WriteRawValue(JsonMarshal.GetRawUtf8Value(given), skipInputValidation: true);
                    }
                    else
                    {
                        writer.Json.WriteStartObject();
                        writer.Json.WriteEndObject();
                    }
                });
            };
        }
        var main = server.Of("/");
        main.On("message", e =>
        {
            e.Socket.Emit("message-back", writer => writer.WriteAll(e.Arguments));
            return default;
        });
        main.On("message-with-ack", e =>
        {
            e.Ack(writer => writer.WriteAll(e.Arguments));
            return default;
        });
        return server;
    }

    private static Task WriteHandshakeApart(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new SlowUpgrade(upgrade));
        }
        return next(context);
    }

    private sealed class SlowUpgrade(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync()
        {
            var stream = await inner.UpgradeAsync();
            await Task.Delay(Apart);
            return stream;
        }
    }

    private sealed class Echo(EngineSession session) : IEngineHandler
    {
        public ValueTask<bool> ReceiveAsync(EngineMessage message)
        {
            if (message.IsBinary)
            {
                session.Send(message.Data.ToArray());
            }
            else
            {
                session.SendText(message.Data.Span);
            }
            return new(true);
        }

        public ValueTask EndedAsync(EngineEndReason reason) => default;
    }
}
