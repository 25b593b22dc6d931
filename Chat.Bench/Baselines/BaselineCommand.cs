using System.CommandLine;
using Chat.Actors.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chat.Bench.Baselines;

/// <summary><c>baseline</c>: serves as one of the servers that the chat server is compared with, until it is killed. For this program's own use.</summary>
internal static class BaselineCommand
{
    public const string Name = "baseline";

    /// <summary>Variable with the address of the database, which is a secret.</summary>
    public const string Database = "CHAT_BENCH_DATABASE";

    public static Command Create()
    {
        var kind = new Argument<string>("kind");
        var command = new Command(Name, "Serves as a baseline") { kind };
        command.Hidden = true;
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(kind)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string kind, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        // As ServerProcess gives each server one.
        var folder = Environment.GetEnvironmentVariable("DATA_PATH") ?? ".";
        using var log = kind == Peers.KestrelFile ? new GroupCommitLog(Path.Combine(folder, "messages.log")) : null;
        await using var store = kind switch
        {
            Peers.SignalRSqlite => await MessageStore.OpenSqliteAsync(Path.Combine(folder, "messages.db")),
            Peers.SignalRPostgres => await MessageStore.OpenPostgresAsync(PostgresUrl.Parse(Environment.GetEnvironmentVariable(Database)!).ConnectionString),
            _ => null,
        };
        var isKestrel = kind is Peers.Kestrel or Peers.KestrelFile;
        if (!isKestrel)
        {
            SignalRBaseline.Prepare(builder, store);
        }
        var app = builder.Build();
        if (isKestrel)
        {
            KestrelBaseline.Map(app, log);
        }
        else
        {
            SignalRBaseline.Map(app);
        }
        await app.StartAsync(cancellation);
        Console.WriteLine($"Listening on {app.Urls.First()}");
        await app.WaitForShutdownAsync(cancellation);
        return 0;
    }
}
