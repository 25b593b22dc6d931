using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Xunit.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>
/// Everything that can go away does, in an order drawn from a seed, while many write over several faces and all nodes; then the audit. <c>CHAT_CHAOS</c> says for how long
/// (<c>10m</c>; 20 seconds), <c>CHAT_CHAOS_SEED</c> repeats an order.
/// </summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly string? Wish = Environment.GetEnvironmentVariable("CHAT_CHAOS");

    [ContractFact]
    public async Task Whatever_goes_away_what_was_acknowledged_is_stored_once_and_seen_by_all_in_one_order()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CHAT_CHAOS_SEED"), CultureInfo.InvariantCulture, out var wished) ? wished : Random.Shared.Next();
        Say($"seed {seed}");
        try
        {
            await RunAsync(new Random(seed));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
        }
    }

    /// <summary>Figures of a long run: what is given up while a home or an answer's owner is killed.</summary>
    [ContractFact]
    public async Task A_long_run_measures_how_long_a_takeover_takes()
    {
        if (Wish is null)
        {
            return;
        }
        await using var cluster = await TestCluster.StartAsync(3);
        var sends = new List<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            sends.Add(await Takeover.OfSendsAsync(cluster, cluster.Nodes[i % 3]));
        }
        Say($"kill -9 of a home to the next acknowledged send through another node: {Figures(sends)}");
        var streams = new List<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            streams.Add(await Takeover.OfAnAnswerAsync(cluster, cluster.Nodes[i % 3]));
        }
        Say($"kill -9 of an answer's owner to its next token: {Figures(streams)}");
    }

    private async Task RunAsync(Random random)
    {
        var end = DateTime.UtcNow + Length();
        await using var cluster = await TestCluster.StartAsync(3);
        var created = (await cluster.Nodes[0].SendAsync(HttpMethod.Post, "/api/chat/sessions", "owner", new { joinable = true, members = Members() }))!.Value;
        var (session, code) = (created.GetProperty("session_id").GetString()!, created.GetProperty("session_code").GetString()!);
        var participants = new List<EchoWriter>();
        foreach (var name in new[] { "철수", "영희" })
        {
            var joined = await cluster.Nodes[1].SendAsync(HttpMethod.Post, $"/api/participants/join/{code}", "owner", new { nickname = name });
            participants.Add(EchoWriter.Participant(cluster, participants.Count, code, joined!.Value.GetProperty("participant").GetProperty("id").GetString()!, name));
        }
        var rooms = Enumerable.Range(0, 3).Select(i => EchoWriter.Room(cluster, i, "lobby", $"room{i}")).ToList();
        using var stop = new CancellationTokenSource();
        var writing = participants.Concat(rooms).Select(writer => writer.RunAsync(stop.Token)).ToList();
        await using var crowd = new Crowd(cluster, session, writers: 4, readers: 4, pause: TimeSpan.FromMilliseconds(10));
        await crowd.ProgressOfAllAsync();
        var faults = 0;
        while (DateTime.UtcNow < end)
        {
            await FaultAsync(cluster, random, () => crowd.ProgressAsync(random.Next(100)));
            await crowd.ProgressAsync(50);
            faults++;
        }
        await cluster.JoinedAsync();
        await crowd.ProgressOfAllAsync();
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        var log = await crowd.AuditAsync();
        Check(participants, log);
        var room = await cluster.LogAsync("room:lobby");
        Check(rooms, room);
        Say($"{faults} faults, {crowd.Acked} acknowledged, {participants.Concat(rooms).Sum(writer => writer.Echoed.Count)} came back on faces without acknowledgements, {crowd.Writers.Sum(writer => writer.Refused)} refused for now");
    }

    /// <summary>One thing goes away, the others go on, it comes back.</summary>
    private async Task FaultAsync(TestCluster cluster, Random random, Func<Task> progress)
    {
        var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
        switch (random.Next(7))
        {
            case 0 or 1:
                Say($"kill -9: {node}");
                await node.KillAsync();
                await progress();
                await node.StartAsync();
                break;
            case 2:
                Say($"stopped and continued: {node}");
                await node.PauseAsync();
                await Task.Delay(random.Next(3_000));
                await progress();
                await node.ContinueAsync();
                break;
            case 3:
                Say($"leaves in order: {node}");
                Assert.Equal(0, await node.StopAsync());
                await progress();
                await node.StartAsync();
                break;
            case 4:
                Say("Redis restarts");
                await cluster.Redis.StopAsync();
                await progress();
                await cluster.Redis.StartAgainAsync();
                break;
            case 5:
                Say("Redis stands still");
                await cluster.Redis.PauseAsync();
                await progress();
                await cluster.Redis.ContinueAsync();
                break;
            default:
                Say("PostgreSQL restarts");
                await cluster.Postgres.StopAsync();
                await Task.Delay(random.Next(500));
                await cluster.Postgres.StartAgainAsync();
                break;
        }
    }

    private static void Check(IReadOnlyList<EchoWriter> writers, IReadOnlyList<StoredEvent> log)
    {
        Assert.Equal(Enumerable.Range(1, log.Count).Select(i => (long)i), log.Select(e => e.Seq));
        foreach (var writer in writers)
        {
            var own = log.Select(e => e.Event).OfType<MessagePosted>().Select(post => post.Content).Where(content => content.StartsWith(writer.Name + ":", StringComparison.Ordinal)).ToList();
            Assert.Equal(own.Distinct(), own);
            Assert.Empty(writer.Echoed.Except(own));
            Assert.NotEmpty(writer.Echoed);
        }
    }

    private static object[] Members() =>
        [.. Enumerable.Range(0, 4).SelectMany(i => new[] { $"writer{i}", $"reader{i}" }).Select(user => new { user_id = user, name = user })];

    private static TimeSpan Length() => Wish switch
    {
        null => TimeSpan.FromSeconds(20),
        [.. var number, 's'] => TimeSpan.FromSeconds(double.Parse(number, CultureInfo.InvariantCulture)),
        [.. var number, 'm'] => TimeSpan.FromMinutes(double.Parse(number, CultureInfo.InvariantCulture)),
        [.. var number, 'h'] => TimeSpan.FromHours(double.Parse(number, CultureInfo.InvariantCulture)),
        _ => throw new FormatException($"CHAT_CHAOS is a number with s, m or h, not '{Wish}'"),
    };

    private static string Figures(List<TimeSpan> times) =>
        string.Create(CultureInfo.InvariantCulture, $"median {times.Order().ElementAt(times.Count / 2).TotalMilliseconds:0} ms, longest {times.Max().TotalMilliseconds:0} ms of {times.Count}");

    /// <summary>Where <c>./test --chaos</c> shows it at its end, and to the test's own report.</summary>
    private void Say(string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("CHAT_CHAOS_REPORT") is { Length: > 0 } report)
        {
            File.AppendAllText(report, $"{DateTime.UtcNow:HH:mm:ss} {line}\n");
        }
    }
}
