using System.Text.Json.Nodes;
using Chat.Bench.Growth;
using Chat.Bench.Measure;
using Chat.Bench.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Bench;

/// <summary>Reading a session back, from a server that does not always have all of it.</summary>
public sealed class HistoryTests
{
    [Fact]
    public async Task What_is_all_there_has_no_fault() => Assert.Equal(new Faults(), await ReadAsync(written: 5, Enumerable.Range(3, 5)));

    [Fact]
    public async Task A_message_that_was_acknowledged_and_is_not_there_is_lost() =>
        // In the sum, and on the page.
        Assert.Equal(new Faults { Lost = 2 }, await ReadAsync(written: 6, Enumerable.Range(3, 5)));

    [Fact]
    public async Task A_message_that_is_there_twice_is_doubled() => Assert.Equal(new Faults { Doubled = 2 }, await ReadAsync(written: 4, Enumerable.Range(3, 5)));

    [Fact]
    public async Task A_page_that_passes_over_a_message_has_a_hole() => Assert.Equal(new Faults { Holes = 1 }, await ReadAsync(written: 4, [3, 4, 6, 7]));

    /// <param name="seqs">Of the messages that the server shows.</param>
    private static async Task<Faults> ReadAsync(int written, IEnumerable<int> seqs)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapPost("/api/chat/sessions", () => Results.Text("""{"session_id":"s"}"""));
        app.MapGet("/api/chat/sessions/s/messages", () => Results.Text(
            new JsonObject { ["messages"] = new JsonArray([.. seqs.Select(seq => new JsonObject { ["seq"] = seq })]), ["total"] = seqs.Count() }.ToJsonString()));
        await app.StartAsync();
        await using var site = new Site(new Uri(app.Urls.First()), null, _ => Tokens.FromSecret(new string('x', 32)));
        var history = await History.CreateAsync(site, users: 1, default);
        await history.LookAsync(written, default);
        await history.ReadNewestAsync(default);
        return history.TakeFaults();
    }
}
