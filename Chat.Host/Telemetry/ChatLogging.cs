using Chat.Host.Configuration;
using Microsoft.Extensions.Logging.Console;

namespace Chat.Host.Telemetry;

/// <summary>Where log lines go and what they look like: lines of text in development, JSON lines in production.</summary>
internal static class ChatLogging
{
    /// <summary>Start and stop of the server: shown at every level but None, since others wait for them.</summary>
    public const string ServerCategory = "Chat.Server";

    public static void AddChatLogging(this ILoggingBuilder logging, ChatOptions options)
    {
        var level = Enum.Parse<LogLevel>(options.Service.LogLevel);
        logging.SetMinimumLevel(level);
        logging.AddFilter(ServerCategory, level == LogLevel.None ? LogLevel.None : (LogLevel)Math.Min((int)level, (int)LogLevel.Information));
        // The framework's lines per request, wanted only by who wants everything.
        logging.AddFilter("Microsoft", level == LogLevel.Trace ? LogLevel.Trace : (LogLevel)Math.Max((int)level, (int)LogLevel.Warning));
        // Says with a stack trace what the command line says in a sentence.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);

        if (options.IsDevelopment)
        {
            logging.Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.None);
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.IncludeScopes = true;
                console.TimestampFormat = "HH:mm:ss.fff ";
            });
        }
        else
        {
            logging.Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
            logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
    }
}
