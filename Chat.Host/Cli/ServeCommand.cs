using System.CommandLine;
using System.Net.Sockets;
using Chat.Host.Telemetry;

namespace Chat.Host.Cli;

/// <summary><c>chat serve</c>: runs until a signal ends it.</summary>
internal sealed partial class ServeCommand : Command
{
    public static readonly Option<int?> Port = new("--port", "-p") { Description = "The port to listen on; 0 takes any free one.", HelpName = "PORT" };

    public static readonly Option<string?> Engine = NewEngine();

    /// <summary>Names of the services that this server replaces, whose features are to come. Set, they must not be passed over in silence.</summary>
    private static readonly string[] NotYetRead = ["USE_WEBSOCKET_CHAT"];

    private readonly ConfigurationChoice _configuration;

    public ServeCommand(ConfigurationChoice configuration)
        : base("serve", "Serves until it is stopped (the default).")
    {
        _configuration = configuration;
        Add(Port);
        Add(Engine);
        SetAction((parsed, _) => RunAsync(parsed));
    }

    public async Task<int> RunAsync(ParseResult parsed)
    {
        var options = _configuration.Load(parsed, parsed.GetValue(Port), parsed.GetValue(Engine));
        await using var app = await ChatServer.BuildAsync(options, logging => logging.AddChatLogging(options));
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(ChatLogging.ServerCategory);
        var unread = NotYetRead.Where(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))).ToList();
        if (unread.Count > 0)
        {
            LogUnread(log, string.Join(", ", unread));
        }
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            foreach (var address in app.Urls)
            {
                LogListening(log, address, options.Mode);
            }
        });
        app.Lifetime.ApplicationStopping.Register(() => LogStopping(log));
        try
        {
            await app.RunAsync();
        }
        catch (SocketException e)
        {
            return ChatCommandLine.Refuse($"The server cannot listen on port {options.Service.Port}: {e.Message}");
        }
        LogStopped(log);
        return ChatCommandLine.Ok;
    }

    private static Option<string?> NewEngine()
    {
        var option = new Option<string?>("--engine") { Description = "What the sessions run on; akka in builds that have it.", HelpName = "channels|akka" };
        option.AcceptOnlyFromAmong("channels", "akka");
        return option;
    }

    [LoggerMessage(1, LogLevel.Information, "Listening on {Address} ({Mode} mode)")]
    private static partial void LogListening(ILogger logger, string address, Configuration.ChatMode mode);

    [LoggerMessage(2, LogLevel.Information, "Stopping")]
    private static partial void LogStopping(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "This version does not read {Names}: the second provider is to come")]
    private static partial void LogUnread(ILogger logger, string names);

    [LoggerMessage(3, LogLevel.Information, "Stopped")]
    private static partial void LogStopped(ILogger logger);
}
