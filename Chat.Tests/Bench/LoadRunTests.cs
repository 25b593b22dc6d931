using System.Net.WebSockets;
using Chat.Bench.Faces;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Bench;

/// <summary>A run over servers that echo, and do not always do so rightly.</summary>
public sealed class LoadRunTests
{
    private static readonly LoadSettings Settings = new()
    {
        Rooms = 1,
        Members = 1,
        Senders = 1,
        Users = 1,
        Rate = 1000,
        Duration = TimeSpan.FromSeconds(0.3),
    };

    [Fact]
    public async Task A_server_that_does_its_work_has_no_fault()
    {
        var outcome = await LoadAsync(Settings, (_, frame) => [frame]);

        Assert.Equal(new Faults(), outcome.Faults);
        Assert.True(outcome.Count > 0);
        Assert.True(outcome.Latency!.P50 > 0);
    }

    [Fact]
    public async Task A_server_that_loses_a_message_is_found_out()
    {
        var outcome = await LoadAsync(Settings, (number, frame) => number == 10 ? [] : [frame]);

        Assert.Equal(new Faults { Lost = 1 }, outcome.Faults);
    }

    [Fact]
    public async Task A_server_that_doubles_a_message_is_found_out()
    {
        var outcome = await LoadAsync(Settings, (number, frame) => number == 10 ? [frame, frame] : [frame]);

        Assert.Equal(new Faults { Doubled = 1 }, outcome.Faults);
    }

    [Fact]
    public async Task A_server_that_shows_a_message_late_is_found_out()
    {
        byte[] kept = [];
        var outcome = await LoadAsync(Settings, (number, frame) =>
        {
            if (number == 10)
            {
                kept = frame;
                return [];
            }
            return number == 11 ? [frame, kept] : [frame];
        });

        Assert.Equal(0, outcome.Faults.Lost);
        Assert.True(outcome.Faults.Disordered > 0);
    }

    [Fact]
    public async Task In_a_closed_loop_the_next_message_waits_for_the_one_before()
    {
        var seen = 0;
        var outcome = await LoadAsync(Settings with { InFlight = 3 }, (number, frame) => Interlocked.Increment(ref seen) > 20 ? [] : [frame]);

        // One probe, 19 messages that are through, and the three after them that stay under way.
        Assert.Equal(23, seen);
        Assert.Equal(new Faults { Lost = 3 }, outcome.Faults);
    }

    [Fact]
    public async Task A_run_of_so_many_messages_ends_when_they_are_through()
    {
        var outcome = await LoadAsync(Settings with { InFlight = 3, Messages = 40, Duration = TimeSpan.FromDays(1) }, (_, frame) => [frame]);

        Assert.Equal((40, new Faults()), (outcome.Count, outcome.Faults));
    }

    /// <param name="answer">The number of a frame from 0 on, and what it is answered with.</param>
    private static async Task<Outcome> LoadAsync(LoadSettings settings, Func<int, byte[], byte[][]> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseWebSockets();
        app.Map("/{room}", async (HttpContext context) =>
        {
            if (!context.WebSockets.IsWebSocketRequest)
            {
                context.Response.StatusCode = 404;
                return;
            }
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[4096];
            try
            {
                for (var number = 0; await socket.ReceiveAsync(buffer.AsMemory(), default) is { MessageType: WebSocketMessageType.Text } received; number++)
                {
                    foreach (var frame in answer(number, buffer[..received.Count]))
                    {
                        await socket.SendAsync(frame, WebSocketMessageType.Text, true, default);
                    }
                }
            }
            catch (WebSocketException)
            {
                // The run is over.
            }
        });
        await app.StartAsync();
        await using var site = new Site(new Uri(app.Urls.First()), null, null);
        await using var run = new LoadRun(site, marker => new PlainFace(marker), settings, new Progress("test", TimeSpan.FromMinutes(1)));
        await run.OpenAsync(default);
        run.Begin();
        return await run.MeasureAsync("deliveries", () => run.Tally.Deliveries, run.Tally.Shown, default);
    }
}
