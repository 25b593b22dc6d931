using System.CommandLine;
using Chat.Bench.Scenarios;

namespace Chat.Bench.Growth;

/// <summary>One thing that grows, as a command: a row for each step.</summary>
/// <param name="unit">What a step counts.</param>
/// <param name="steps">Those that are taken unless others are told.</param>
/// <param name="most">Of a step.</param>
internal abstract class Curve(string name, string description, string unit, string steps, int most) : Scenario(name, description)
{
    private readonly NumbersOption _steps = new("--steps", $"The steps: {unit}.", steps, most);

    protected override string Title => $"growth {base.Title}";

    /// <summary>Servers are started afresh, restarted, and several at once.</summary>
    protected override bool HasRemote => false;

    protected override bool HasFaces => false;

    protected override bool HasBaselines => false;

    /// <summary>Sockets that are open at once at such a step.</summary>
    protected abstract int SocketsAt(ParseResult parsed, int step);

    protected IReadOnlyList<int> Steps(ParseResult parsed) => _steps.Read(parsed);

    protected string NameOf(int step) => FormattableString.Invariant($"{unit}: {step:N0}");

    protected override void AddOptions(Command command) => command.Add(_steps);

    protected override void Check(ParseResult parsed) => OpenFiles.Check(Steps(parsed).Max(step => SocketsAt(parsed, step)));
}
