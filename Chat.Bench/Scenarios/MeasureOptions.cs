using System.CommandLine;
using Chat.Bench.Load;

namespace Chat.Bench.Scenarios;

/// <summary>Options that say how long and how often is measured, and where the result goes.</summary>
internal sealed class MeasureOptions
{
    private readonly TimeOption _warmup = new("--warmup", "Load before it is measured.", "5s");
    private readonly TimeOption _duration = new("--duration", "How long is measured.", "10s");

    private readonly TimeOption _soak = new(
        "--soak", "Instead of --duration: measures for so long, hours as a rule, with a line of progress a minute; mind memory growth in the result.", "0s");

    private readonly TimeOption _ramp = new("--ramp", "Before the warm-up: over this the rate rises evenly, or the senders begin one after another.", "0s");
    private readonly Option<int> _runs = CountOption("--runs", "Repeats all, and gives medians.", 1);
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Writes every run and the medians there.", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _warmup, _duration, _soak, _ramp, _runs, _json })
        {
            command.Add(option);
        }
    }

    public LoadSettings Apply(ParseResult parsed, LoadSettings settings) => settings with
    {
        Warmup = _warmup.Read(parsed),
        Duration = _soak.Read(parsed) is { Ticks: > 0 } soak ? soak : _duration.Read(parsed),
        Ramp = _ramp.Read(parsed),
    };

    /// <summary>Between two lines of progress.</summary>
    public TimeSpan Interval(ParseResult parsed) => _soak.Read(parsed) > TimeSpan.Zero ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1);

    /// <summary>One in a command without these options.</summary>
    public int Runs(ParseResult parsed) => Math.Max(1, parsed.GetValue(_runs));

    public FileInfo? Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <param name="least">Smaller ones are refused.</param>
    public static Option<int> CountOption(string name, string description, int value, int least = 1, int most = 1_000_000)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value };
        option.CustomParser = result =>
        {
            if (result.Tokens is not [var token] || !int.TryParse(token.Value, out var number) || number < least || number > most)
            {
                result.AddError($"{name} takes a number from {least} to {most}.");
                return default;
            }
            return number;
        };
        return option;
    }
}
