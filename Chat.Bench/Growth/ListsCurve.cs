using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Chat.Bench.Clients;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth lists</c>: a user of one server who has more sessions from step to step, then one of whose sessions more is unread. Each row reads the list's first page.</summary>
internal sealed class ListsCurve() : Curve(
    "lists", "Sessions of one user, then unread messages of one session: reading the list's first page, a page far on, and how many there are", "sessions", "10,100,1000,10000", most: 100_000)
{
    private const int Page = 20;

    /// <summary>Where the page far on begins, if there are so many.</summary>
    private const int Far = 5_000;

    /// <summary>Requests, and sends of one socket, under way at once while it is filled.</summary>
    private const int Requests = 64, InFlight = 512;

    /// <summary>The other member of each session; the first few users fill the session that is unread.</summary>
    private const int Other = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly NumbersOption _unread = new("--unread", "Unread messages of one session, after none: steps of their own.", "1000,100000", most: 1_000_000);

    protected override int SocketsAt(ParseResult parsed, int step) => 1;

    protected override void AddOptions(Command command)
    {
        base.AddOptions(command);
        command.Add(_unread);
    }

    protected override void Check(ParseResult parsed)
    {
        base.Check(parsed);
        foreach (var steps in new[] { Steps(parsed), _unread.Read(parsed) })
        {
            if (steps.Zip(steps.Skip(1)).Any(pair => pair.Second <= pair.First))
            {
                throw new BenchException("--steps and --unread of lists rise: each is reached from the one before.");
            }
        }
    }

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        List<Outcome> outcomes = [];
        var made = 0;
        foreach (var step in Steps(parsed))
        {
            progress.Say($"{NameOf(step)}");
            await MakeAsync(site, made, step, cancellation);
            outcomes.Add(await ReadAsync(parsed, site, made = step, cancellation));
        }
        var steps = _unread.Read(parsed);
        // The first so many each fill it for one step; the last one reads.
        var (history, reader) = (await History.CreateAsync(site, users: steps.Count + 2, cancellation), new ListReader(site, user: steps.Count + 1));
        foreach (var (user, unread) in steps.Prepend(0).Index())
        {
            progress.Say($"unread: {unread}");
            if (user > 0)
            {
                var filled = await history.FillAsync(Measured.Apply(parsed, History.Settings), user, unread - history.Count, InFlight, progress, cancellation);
                reader.Faults += filled.Faults;
                await CaughtUpAsync(site, await site.Tokens!.GetAsync(0, false, cancellation), cancellation);
                await history.LookAsync(unread, cancellation);
            }
            var first = await MeasureAsync(parsed, site, cancellation => reader.ReadAsync(Page, 0, total: 1, rows: 1, unread, cancellation), cancellation);
            outcomes.Add(first with { Variant = FormattableString.Invariant($"unread: {unread:N0}"), Faults = reader.Faults + history.TakeFaults() });
        }
        return outcomes;
    }

    private async Task<Outcome> ReadAsync(ParseResult parsed, Site site, int step, CancellationToken cancellation)
    {
        var (reader, far) = (new ListReader(site, user: 0), Math.Min(Far, Math.Max(0, step - Page)));
        var first = await MeasureAsync(parsed, site, cancellation => reader.ReadAsync(Page, 0, step, Math.Min(Page, step), unread: null, cancellation), cancellation);
        var distant = await MeasureAsync(parsed, site, cancellation => reader.ReadAsync(Page, far, step, Math.Min(Page, step), unread: null, cancellation), cancellation);
        var total = await MeasureAsync(parsed, site, cancellation => reader.ReadAsync(1, step, step, rows: 0, unread: null, cancellation), cancellation);
        return first with
        {
            Variant = NameOf(step),
            Figures = new Dictionary<string, double?>
            {
                ["far_p50_ms"] = distant.Latency!.P50,
                ["far_cpu_us"] = distant.CpuMicroseconds,
                ["total_p50_ms"] = total.Latency!.P50,
                ["total_cpu_us"] = total.CpuMicroseconds,
            },
            Faults = reader.Faults,
        };
    }

    private async Task<Outcome> MeasureAsync(ParseResult parsed, Site site, Func<CancellationToken, Task<long>> read, CancellationToken cancellation)
    {
        var times = Measured.Apply(parsed, History.Settings);
        await RepeatAsync(site, times.Warmup, read, cancellation);
        return await RepeatAsync(site, times.Duration, read, cancellation);
    }

    private static async Task MakeAsync(Site site, int from, int to, CancellationToken cancellation)
    {
        var owner = await site.Tokens!.GetAsync(0, false, cancellation);
        await Parallel.ForAsync(from, to, new ParallelOptions { MaxDegreeOfParallelism = Requests, CancellationToken = cancellation }, async (i, cancellation) =>
        {
            using var session = await site.PostAsync("/api/chat/sessions", owner, new JsonObject { ["title"] = $"list {i}", ["members"] = new JsonArray(site.UserId(Other)) }, cancellation);
            var id = session.RootElement.GetProperty("session_id").GetString();
            (await site.PostAsync($"/api/chat/sessions/{id}/messages", owner, new JsonObject { ["content"] = "the newest message" }, cancellation)).Dispose();
        });
        await EventLoop.LeaveAsync();
        await CaughtUpAsync(site, owner, cancellation);
    }

    /// <summary>So many at once are stored sooner than they are listed, and a list waits for them only so long.</summary>
    private static async Task CaughtUpAsync(Site site, string token, CancellationToken cancellation)
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(100, cancellation))
        {
            try
            {
                (await site.GetAsync("/api/chat/sessions?limit=1", token, cancellation)).Dispose();
                return;
            }
            catch (BenchException) when (Stopwatch.GetElapsedTime(begun) < Patience)
            {
            }
        }
    }

    /// <summary>Who reads its list, and checks it.</summary>
    private sealed class ListReader(Site site, int user)
    {
        public Faults Faults { get; set; }

        /// <param name="unread">Of the first row; null where it does not matter.</param>
        /// <returns>When the answer was there.</returns>
        public async Task<long> ReadAsync(int limit, int offset, int total, int rows, int? unread, CancellationToken cancellation)
        {
            var token = await site.Tokens!.GetAsync(user, false, cancellation);
            using var list = await site.GetAsync($"/api/chat/sessions?limit={limit}&offset={offset}", token, cancellation);
            var now = Stopwatch.GetTimestamp();
            var sessions = list.RootElement.GetProperty("sessions");
            Expect(total, list.RootElement.GetProperty("total").GetInt32());
            Expect(rows, sessions.GetArrayLength());
            if (unread is { } messages)
            {
                Expect(messages, sessions[0].GetProperty("unread_count").GetInt32());
            }
            return now;
        }

        private void Expect(int expected, int found) => Faults += new Faults { Lost = Math.Max(0, expected - found), Doubled = Math.Max(0, found - expected) };
    }
}
