using System.CommandLine;
using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Cli;

/// <summary>
/// <c>chat rebuild</c>: drops the read model and fills it from the log. Safe beside a running server: both project, each event counts once, and the
/// server notices the offset set back within a poll, after which its lists wait as long as <c>chat.storage.read-wait</c>.
/// </summary>
internal sealed class RebuildCommand : Command
{
    private readonly ConfigurationChoice _configuration;

    public RebuildCommand(ConfigurationChoice configuration)
        : base("rebuild", "Drops the tables of lists and history and fills them again from the log.")
    {
        _configuration = configuration;
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = _configuration.Load(parsed);
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
            .SetMinimumLevel(LogLevel.Warning));
        await using var storage = await Storage.OpenAsync(options, new EventCodec(), TimeProvider.System, loggers, cancellation);
        await using var projector = new Projector(storage.ReadDatabase, storage.Journal, TimeProvider.System, loggers.CreateLogger<Projector>());
        await projector.RebuildAsync(new Progress(), cancellation);
        var aside = projector.SetAsideCount;
        return aside == 0 ? ChatCommandLine.Ok : ChatCommandLine.Refuse($"{aside} events could not be shown and were set aside: see the table chat_poison.");
    }

    /// <summary>Written by the caller's thread and in order, which <see cref="System.Progress{T}"/> does not promise.</summary>
    private sealed class Progress : IProgress<(long Position, long Target)>
    {
        public void Report((long Position, long Target) value) =>
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Position} of {value.Target}"));
    }
}
