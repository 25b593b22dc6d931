using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Scenarios;

/// <summary>One kind of load, as a command.</summary>
internal abstract class Scenario(string name, string description)
{
    protected TargetOptions Target { get; } = new();

    protected MeasureOptions Measured { get; } = new();

    /// <summary>What the report calls it.</summary>
    protected virtual string Title => name;

    /// <summary>Can load a server that it has not started.</summary>
    protected virtual bool HasRemote => true;

    protected virtual bool HasFaces => true;

    protected virtual bool HasBaselines => true;

    protected virtual bool HasMeasures => true;

    public Command Create()
    {
        var command = new Command(name, description);
        AddOptions(command);
        Target.AddTo(command, HasRemote, HasFaces, HasBaselines);
        if (HasMeasures)
        {
            Measured.AddTo(command);
        }
        command.SetAction(RunAsync);
        return command;
    }

    protected virtual void AddOptions(Command command)
    {
    }

    /// <summary>What options must hold together.</summary>
    /// <exception cref="BenchException">They do not.</exception>
    protected virtual void Check(ParseResult parsed)
    {
    }

    /// <summary>Settings of the server without which it would refuse the load; those of --set go over them.</summary>
    protected virtual IReadOnlyList<string> ServerSettings(ParseResult parsed) => [];

    /// <summary>Loads one server, which is fresh where it was started from here.</summary>
    protected abstract Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation);

    /// <summary>Starts what is loaded, and loads it.</summary>
    protected virtual async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, TargetSettings target, Peer peer, Progress progress, CancellationToken cancellation)
    {
        await using var site = await peer.StartAsync(cancellation);
        return await LoadAsync(parsed, peer, site, progress, cancellation);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Check(parsed);
        var target = Target.Read(parsed);
        target = target with { Set = [.. ServerSettings(parsed), .. target.Set] };
        var report = new Report(Title, target);
        var runs = Measured.Runs(parsed);
        for (var run = 1; run <= runs; run++)
        {
            foreach (var peer in Target.Peers(parsed, target))
            {
                var progress = new Progress(runs == 1 ? peer.Name : $"{peer.Name} {run}/{runs}", Measured.Interval(parsed));
                report.Add(run, peer, await LoadAsync(parsed, target, peer, progress, cancellation));
            }
        }
        Console.Out.Write(report.Table());
        if (Measured.Json(parsed) is { } file)
        {
            await File.WriteAllTextAsync(file.FullName, report.Json(), cancellation);
        }
        return report.HasFaults ? 1 : 0;
    }
}
