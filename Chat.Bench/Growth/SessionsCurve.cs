using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Chat.Bench.Clients;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth sessions</c>: a store that becomes larger under a load that stays the same. The server is restarted in between, so that no passive session is loaded.</summary>
internal sealed class SessionsCurve() : FreshCurve("sessions", "Passive sessions in the store, beside rooms that are loaded", "sessions", "10,1000,10000,100000", most: 10_000_000)
{
    /// <summary>Of each passive session.</summary>
    private const int Messages = 3;

    /// <summary>Owned by one user.</summary>
    private const int PerUser = 10;

    /// <summary>Requests under way at once.</summary>
    private const int Requests = 64;

    /// <summary>Woken at the end, at most.</summary>
    private const int Woken = 50;

    private readonly SteadyLoad _load = new();

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        _load.AddTo(command);
    }

    protected override int SocketsAt(ParseResult parsed, int step) => _load.Sockets(parsed);

    protected override async Task<Outcome> StepAsync(ParseResult parsed, Peer peer, Site site, int step, Progress progress, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var sessions = await MakeAsync(site, step, progress, cancellation);
        var made = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await site.RestartAsync(cancellation);
        var size = site.DataSize;
        var outcome = await Fanout.LoadAsync(site, peer, Measured.Apply(parsed, _load.Read(parsed)), progress, cancellation);
        var (woken, awake) = await WakeAsync(site, sessions, cancellation);
        return outcome with
        {
            Figures = new Dictionary<string, double?>
            {
                ["make_session_ms"] = made * 1e3 / step,
                ["data_MB"] = Target.Read(parsed).Database is null ? size / 1e6 : null,
                ["first_send_p50_ms"] = woken.P50,
                ["second_send_p50_ms"] = awake.P50,
            },
        };
    }

    /// <returns>Their ids.</returns>
    private static async Task<string[]> MakeAsync(Site site, int count, Progress progress, CancellationToken cancellation)
    {
        var (sessions, made) = (new string[count], 0);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = Requests, CancellationToken = cancellation }, async (i, cancellation) =>
        {
            var body = new JsonObject { ["title"] = "passive", ["members"] = new JsonArray(site.UserId((i / PerUser) + 1)) };
            using var session = await site.PostAsync("/api/chat/sessions", await OwnerAsync(site, i, cancellation), body, cancellation);
            sessions[i] = session.RootElement.GetProperty("session_id").GetString()!;
            for (var message = 0; message < Messages; message++)
            {
                await SendAsync(site, sessions, i, cancellation);
            }
            if (Interlocked.Increment(ref made) is var now && now % Math.Max(1, count / 10) == 0)
            {
                progress.Say($"{now} of {count} sessions are made");
            }
        });
        await EventLoop.LeaveAsync();
        return sessions;
    }

    /// <summary>Two sends to each of some, one at a time: the first finds it asleep.</summary>
    private static async Task<(Latency First, Latency Second)> WakeAsync(Site site, string[] sessions, CancellationToken cancellation)
    {
        Histogram[] latencies = [new(), new()];
        for (var i = 0; i < Math.Min(Woken, sessions.Length); i++)
        {
            var session = (int)((long)i * sessions.Length / Math.Min(Woken, sessions.Length));
            foreach (var latency in latencies)
            {
                var begun = Stopwatch.GetTimestamp();
                await SendAsync(site, sessions, session, cancellation);
                latency.Record(Histogram.Nanoseconds(Stopwatch.GetTimestamp() - begun));
            }
        }
        await EventLoop.LeaveAsync();
        return (latencies[0].Summary(), latencies[1].Summary());
    }

    private static async Task SendAsync(Site site, string[] sessions, int session, CancellationToken cancellation) =>
        (await site.PostAsync(
            $"/api/chat/sessions/{sessions[session]}/messages", await OwnerAsync(site, session, cancellation), new JsonObject { ["content"] = "a message of a session that is mostly passive" }, cancellation)).Dispose();

    private static Task<string> OwnerAsync(Site site, int session, CancellationToken cancellation) => site.Tokens!.GetAsync(session / PerUser, false, cancellation);
}
