using System.Globalization;
using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Support;
using Xunit.Abstractions;

namespace Chat.Tests.Cluster;

/// <summary>
/// Everything that can go away does, in an order drawn from a seed, while many write over all faces and all nodes; then the audit. <c>CHAT_CHAOS</c> says for how long
/// (<c>10m</c>; 20 seconds), <c>CHAT_CHAOS_SEED</c> repeats an order. Nodes are cut off only where <c>CHAT_CHAOS</c> is set and <see cref="NodeNetworks"/> can be made.
/// </summary>
[Collection("Processes")]
[RequiresCluster]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    [ContractFact]
    public async Task Whatever_goes_away_what_was_acknowledged_is_stored_once_and_seen_by_all_in_one_order()
    {
        output.Say($"seed {Chaos.Seed}");
        try
        {
            await RunAsync(new Random(Chaos.Seed));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {Chaos.Seed}: {e.Message}", e);
        }
    }

    /// <summary>Figures of a long run: what is given up while a home or an answer's owner is killed.</summary>
    [ContractFact]
    public async Task A_long_run_measures_how_long_a_takeover_takes()
    {
        if (Chaos.Wish is null)
        {
            return;
        }
        await using var cluster = await TestCluster.StartAsync(3);
        var sends = new List<TimeSpan>();
        for (var i = 0; i < 20; i++)
        {
            sends.Add(await Takeover.OfSendsAsync(cluster, cluster.Nodes[i % 3]));
        }
        output.Say($"kill -9 of a home to the next acknowledged send through another node: {Figures(sends)}");
        var streams = new List<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            streams.Add(await Takeover.OfAnAnswerAsync(cluster, cluster.Nodes[i % 3]));
        }
        output.Say($"kill -9 of an answer's owner to its next token: {Figures(streams)}");
    }

    private async Task RunAsync(Random random)
    {
        await using var cluster = await StartAsync();
        var end = DateTime.UtcNow + Chaos.Length;
        var (session, participants) = await OpenSessionAsync(cluster);
        await cluster.Nodes[0].SendAsync(HttpMethod.Post, "/api/chat/sessions", "owner", new { room_id = "lobby", open = true });
        var rooms = Enumerable.Range(0, 3).Select(i => EchoWriter.Room(cluster, i, "lobby", $"room{i}")).ToList();
        using var stop = new CancellationTokenSource();
        var writing = participants.Concat(rooms).Select(writer => writer.RunAsync(stop.Token)).ToList();
        await using var crowd = new Crowd(cluster, session, writers: 4, readers: 4, Pause);
        for (var i = 0; i < 3; i++)
        {
            crowd.Add(new RoamingWriter(cluster, i, session, $"stayer{i}", Pause) { Stays = true });
        }
        for (var i = 0; i < 2; i++)
        {
            crowd.Add(new RoamingChannel(cluster, i, session, "chaos", $"channel{i}", Pause));
            crowd.Add(new RoamingSocketIo(cluster, i + 1, session, $"socketio{i}", Pause));
        }
        await crowd.ProgressOfAllAsync();
        var faults = new Faults(cluster, random, output.Say);
        while (DateTime.UtcNow < end)
        {
            if (TestEngine.IsAkka)
            {
                // Its cluster goes on without one of three nodes; one that was away has to be back in it before the next goes.
                await cluster.JoinedAsync();
            }
            await faults.StrikeAsync(() => crowd.ProgressAsync(random.Next(100)));
            await crowd.ProgressAsync(50);
        }
        await cluster.JoinedAsync();
        await crowd.ProgressOfAllAsync();
        await stop.CancelAsync();
        await Task.WhenAll(writing);
        var log = await crowd.AuditAsync();
        Check(participants, log);
        Check(rooms, await cluster.LogAsync("room:lobby"));
        foreach (var line in faults.Figures)
        {
            output.Say(line);
        }
        output.Say($"{faults.Count} faults, {Acked<RoamingChannel>(crowd)} acknowledged to channels, {Acked<RoamingSocketIo>(crowd)} over Socket.IO, {crowd.Acked} in all, "
            + $"{participants.Concat(rooms).Sum(writer => writer.Echoed.Count)} came back on faces that were asked for no acknowledgement, {crowd.Writers.Sum(writer => writer.Refused)} refused for now");
    }

    private async Task<TestCluster> StartAsync()
    {
        if (Chaos.Wish is not null && NodeNetworks.Missing is null)
        {
            return await TestCluster.StartApartAsync(3);
        }
        output.Say(Chaos.Wish is null ? "No node is cut off: only in ./test --chaos" : $"No node is cut off: {NodeNetworks.Missing}");
        return await TestCluster.StartAsync(3);
    }

    /// <summary>One that all faces but the rooms reach.</summary>
    private static async Task<(string Session, List<EchoWriter> Participants)> OpenSessionAsync(TestCluster cluster)
    {
        string[] users = [.. Enumerable.Range(0, 4).SelectMany(i => new[] { $"writer{i}", $"reader{i}", $"stayer{i}", $"channel{i}", $"socketio{i}" })];
        var created = (await cluster.Nodes[0].SendAsync(
            HttpMethod.Post, "/api/chat/sessions", "owner",
            new { joinable = true, channel_url = "chaos", members = users.Select(user => new { user_id = user, name = user }) }))!.Value;
        var code = created.GetProperty("session_code").GetString()!;
        var participants = new List<EchoWriter>();
        foreach (var name in new[] { "철수", "영희" })
        {
            var joined = (await cluster.Nodes[1].SendAsync(HttpMethod.Post, $"/api/participants/join/{code}", "owner", new { nickname = name }))!.Value;
            participants.Add(EchoWriter.Participant(
                cluster, participants.Count, code, joined.GetProperty("participant").GetProperty("id").GetString()!, joined.GetProperty("token").GetString()!, name));
        }
        return (created.GetProperty("session_id").GetString()!, participants);
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

    private static int Acked<T>(Crowd crowd)
        where T : RoamingWriter => crowd.Writers.OfType<T>().Sum(writer => writer.Acked.Count);

    private static string Figures(List<TimeSpan> times) =>
        string.Create(CultureInfo.InvariantCulture, $"median {times.Order().ElementAt(times.Count / 2).TotalMilliseconds:0} ms, longest {times.Max().TotalMilliseconds:0} ms of {times.Count}");
}
