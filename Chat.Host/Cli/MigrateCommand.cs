using System.CommandLine;
using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Cli;

/// <summary><c>chat migrate</c>: the schemas of the journal and of the read model, forward and back.</summary>
internal sealed class MigrateCommand : Command
{
    private readonly ConfigurationChoice _configuration;

    private readonly Option<string?> _set = new("--set-name") { Description = "One of the two; both where nothing is said.", HelpName = "journal|read", Recursive = true };
    private readonly Option<int?> _to = new("--to") { Description = "The version to come to.", HelpName = "VERSION" };
    private readonly Option<int?> _steps = new("--steps") { Description = "How many versions to take back.", HelpName = "N" };
    private readonly Option<bool> _yes = new("--yes") { Description = "Needed in production mode: what the tables hold goes with them." };

    public MigrateCommand(ConfigurationChoice configuration)
        : base("migrate", "Changes and shows the versions of the database's tables.")
    {
        _configuration = configuration;
        _set.AcceptOnlyFromAmong("journal", "read");
        _to.Validators.Add(result => AtLeast(result, 0));
        _steps.Validators.Add(result => AtLeast(result, 1));
        Add(_set);

        var up = new Command("up", "Applies what is pending.") { _to };
        up.SetAction((parsed, cancellation) => UpAsync(parsed, cancellation));

        var down = new Command("down", "Takes versions back, with what their tables hold. No server may be running.") { _to, _steps, _yes };
        down.Validators.Add(result =>
        {
            if (result.GetResult(_to) is null == result.GetResult(_steps) is null)
            {
                result.AddError("Say how far to go back: --steps N or --to VERSION.");
            }
        });
        down.SetAction((parsed, cancellation) => DownAsync(parsed, cancellation));

        var status = new Command("status", "Shows every version that this program or the database knows.");
        status.SetAction((parsed, cancellation) => StatusAsync(parsed, cancellation));

        var history = new Command("history", "Shows what has been applied, and when.");
        history.SetAction((parsed, cancellation) => HistoryAsync(parsed, cancellation));

        Add(up);
        Add(down);
        Add(status);
        Add(history);
    }

    private async Task<int> UpAsync(ParseResult parsed, CancellationToken cancellation)
    {
        foreach (var set in Sets(_configuration.Load(parsed), parsed))
        {
            Show(set, "applied", await set.Migrations.UpAsync(set.Name, parsed.GetValue(_to), cancellation));
        }
        return ChatCommandLine.Ok;
    }

    private async Task<int> DownAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = _configuration.Load(parsed);
        if (!options.IsDevelopment && !parsed.GetValue(_yes))
        {
            return ChatCommandLine.Refuse("Taking versions back drops their tables and what they hold; in production mode that needs --yes.");
        }
        // The read model rests on the journal, so it goes first.
        foreach (var set in Sets(options, parsed).Reverse())
        {
            var undone = parsed.GetValue(_to) is { } version
                ? await set.Migrations.DownToAsync(set.Name, version, cancellation)
                : await set.Migrations.DownAsync(set.Name, parsed.GetValue(_steps)!.Value, cancellation);
            Show(set, "taken back", undone);
        }
        return ChatCommandLine.Ok;
    }

    private async Task<int> StatusAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var rows = new List<string[]>();
        foreach (var set in Sets(_configuration.Load(parsed), parsed))
        {
            foreach (var row in await set.Migrations.StatusAsync(set.Name, cancellation))
            {
                rows.Add([set.Name, Text(row.Version), row.Name, Text(row.State), row.AppliedAt?.ToWire() ?? "-"]);
            }
        }
        Table.Write(Console.Out, ["SET", "VERSION", "NAME", "STATE", "APPLIED AT"], rows);
        return ChatCommandLine.Ok;
    }

    private async Task<int> HistoryAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var rows = new List<string[]>();
        foreach (var set in Sets(_configuration.Load(parsed), parsed))
        {
            foreach (var row in await set.Migrations.HistoryAsync(set.Name, cancellation))
            {
                rows.Add([set.Name, Text(row.Version), row.Name, row.AppliedAt.ToWire(), row.Checksum[..12]]);
            }
        }
        Table.Write(Console.Out, ["SET", "VERSION", "NAME", "APPLIED AT", "CHECKSUM"], rows);
        return ChatCommandLine.Ok;
    }

    private IEnumerable<MigrationSet> Sets(ChatOptions options, ParseResult parsed) =>
        MigrationSet.Of(options, TimeProvider.System).Where(set => parsed.GetValue(_set) is not { } name || set.Name == name);

    private static void Show(MigrationSet set, string what, IReadOnlyList<Migration> migrations)
    {
        foreach (var migration in migrations)
        {
            Console.WriteLine($"{set.Name} {migration.Version} {migration.Name}: {what}");
        }
        if (migrations.Count == 0)
        {
            Console.WriteLine($"{set.Name}: nothing to do");
        }
    }

    private static void AtLeast(System.CommandLine.Parsing.OptionResult result, int least)
    {
        if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var number) && number >= least))
        {
            result.AddError($"{result.Option.Name} takes a whole number from {least}.");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(MigrationState state) => state switch
    {
        MigrationState.Applied => "applied",
        MigrationState.Pending => "pending",
        MigrationState.Changed => "changed",
        _ => "unknown",
    };
}
