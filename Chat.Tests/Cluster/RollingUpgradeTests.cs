using Chat.Host.Configuration;
using Chat.Tests.Support;
using Npgsql;

namespace Chat.Tests.Cluster;

/// <summary>Nodes of a newer build come into a cluster of two that read one version of an event less, and those go one after the other.</summary>
[RequiresRedisAndPostgres]
public sealed class RollingUpgradeTests(RollingUpgradeTests.Older older) : IClassFixture<RollingUpgradeTests.Older>
{
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(400);

    [ContractFact]
    public async Task While_an_older_node_is_there_all_write_what_it_reads_and_afterwards_the_newest()
    {
        var session = await older.A.CreateSessionAsync("mina");
        await using var first = await NativeClient.ConnectAsync(older.A, session, "mina");
        await using var newer = await older.StartAsync(NewerEvents.Codec());
        await using (var newest = await older.StartAsync(NewerEvents.Codec()))
        {
            await Eventually.TrueAsync(() => new[] { older.A, older.B, newer, newest }.All(server => server.Node.Nodes.Count == 4));
            await using var second = await NativeClient.ConnectAsync(newer, session, "mina");
            await using var third = await NativeClient.ConnectAsync(newest, session, "mina");
            foreach (var (client, i) in new[] { first, second, third, first, second, third }.Select((client, i) => (client, i)))
            {
                await client.PostAsync($"m{i}");
            }
            foreach (var client in new[] { first, second, third })
            {
                await Eventually.TrueAsync(() => Contents(client).SequenceEqual(["m0", "m1", "m2", "m3", "m4", "m5"]));
            }
            Assert.Equal(["message-posted/1"], await ManifestsAsync());

            await older.A.DisposeAsync();
            await older.B.DisposeAsync();
            await Eventually.TrueAsync(() => new[] { newer, newest }.All(server => server.Node.Nodes.Count == 2));
            var posted = 6;
            await Eventually.TrueAsync(async () =>
            {
                await second.PostAsync($"m{posted++}");
                return (await ManifestsAsync()).Contains(NewerEvents.Posted);
            });

            // The log has both; whoever reads it from the beginning is told the same.
            await using var late = await NativeClient.ConnectAsync(newest, session, "mina", since: 0);
            await Eventually.TrueAsync(() => Contents(late).SequenceEqual(Enumerable.Range(0, posted).Select(i => $"m{i}")));
            Assert.Equal(Contents(second), Contents(late));
        }

        // An older one that comes back has the older version written again; what it cannot read it refuses, and the others lose nothing by it.
        await using var back = await older.StartAsync();
        await Eventually.TrueAsync(() => newer.Node.Nodes.Any(node => node.Name == back.Node.Name));
        var another = await newer.CreateSessionAsync("mina");
        await using var client4 = await NativeClient.ConnectAsync(newer, another, "mina");
        await using var client5 = await NativeClient.ConnectAsync(back, another, "mina");
        await client4.PostAsync("for both");
        await Eventually.TrueAsync(() => Contents(client5).SequenceEqual(["for both"]));
        await using var still = await NativeClient.ConnectAsync(newer, session, "mina", since: 0);
        await Eventually.TrueAsync(() => Contents(still).Count > 6);
        await still.PostAsync("goes on");
        var unreadable = await Assert.ThrowsAnyAsync<Exception>(() => NativeClient.ConnectAsync(back, session, "mina", since: 0));
        Assert.Contains("1013", unreadable.Message, StringComparison.Ordinal);
    }

    private static List<string> Contents(NativeClient client) => [.. client.All("message").OrderBy(frame => frame.Seq).Select(frame => frame.Text("content")!)];

    private async Task<IReadOnlyList<string>> ManifestsAsync()
    {
        await using var connection = await older.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT DISTINCT manifest FROM journal WHERE manifest LIKE 'message-posted/%' ORDER BY 1", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var manifests = new List<string>();
        while (await rows.ReadAsync())
        {
            manifests.Add(rows.GetString(0));
        }
        return manifests;
    }

    public sealed class Older : TwoNodes
    {
        protected override ChatOptions Configure(ChatOptions options) => options with { Cluster = options.Cluster with { UpgradeHold = Hold } };
    }
}
