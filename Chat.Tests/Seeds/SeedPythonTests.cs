using System.Diagnostics;
using System.Text;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Seeds;

/// <summary>Marks a class whose tests run what the documents say with Python and its package <c>websockets</c>.</summary>
public sealed class RequiresSeedsAndPythonAttribute : RequiresAttribute
{
    public override string? Missing => SeedDocument.Missing ?? new RequiresPythonClientsAttribute().Missing;
}

/// <summary>The Python clients of seed 003, run as they stand, but for the token that the first one asks its reader to put in.</summary>
[RequiresSeedsAndPython]
public sealed class SeedPythonTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TempFolder _folder = new();
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await SeedServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [ContractFact]
    public async Task The_websocket_client_is_answered_to_the_end_of_the_stream()
    {
        var script = SeedDocument.Read("003").CodeUnder("4. Python WebSocket 클라이언트 테스트");
        Assert.Contains("your-jwt-token", script, StringComparison.Ordinal);

        var output = await RunAsync(script.Replace("your-jwt-token", _server.Token("mina"), StringComparison.Ordinal));

        Assert.StartsWith("Received: ", output, StringComparison.Ordinal);
        Assert.Contains("Message type: stream_start", output, StringComparison.Ordinal);
        Assert.EndsWith("Message type: stream_end\n", output, StringComparison.Ordinal);
        var log = await _server.LogAsync("test-session");
        var post = Assert.Single(log.Select(e => e.Event).OfType<MessagePosted>());
        Assert.Equal("mina", post.SenderId);
        Assert.Contains($"\"content\": \"{post.Content}\"", script, StringComparison.Ordinal);
        Assert.Equal(StreamStatus.Complete, Assert.Single(log.Select(e => e.Event).OfType<StreamEnded>()).Status);
    }

    [ContractFact]
    public async Task The_load_test_of_50_clients_loses_and_doubles_no_message()
    {
        const int clients = 50;
        var script = SeedDocument.Read("003").CodeUnder("5. 부하 테스트");

        var output = await RunAsync(script);

        Assert.Contains($"Completed {clients} clients", output, StringComparison.Ordinal);
        for (var client = 0; client < clients; client++)
        {
            // The client leaves without waiting for its last message.
            var said = (await _server.LogAsync($"load-test-{client}")).Select(e => e.Event).OfType<MessagePosted>().Select(post => post.Content);
            Assert.Equal(Enumerable.Range(0, 10).Select(i => $"Client {client} - Message {i}"), said);
        }
    }

    /// <summary>What the script prints.</summary>
    private async Task<string> RunAsync(string script)
    {
        await File.WriteAllTextAsync(_folder.File("script.py"), script);
        // Python loads this by itself before any script.
        await File.WriteAllTextAsync(_folder.File("sitecustomize.py"), $$"""
            from asyncio.base_events import BaseEventLoop

            connect = BaseEventLoop.create_connection

            async def create_connection(self, factory, host=None, port=None, **others):
                return await connect(self, factory, host, {{_server.Address.Port}} if port == {{SeedServer.WrittenPort}} else port, **others)

            BaseEventLoop.create_connection = create_connection
            """);
        var start = new ProcessStartInfo(RequiresPythonClientsAttribute.Python)
        {
            ArgumentList = { _folder.File("script.py") },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["PYTHONPATH"] = _folder.Path, ["PYTHONUTF8"] = "1", ["PYTHONUNBUFFERED"] = "1" },
        };
        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            Assert.True(process.ExitCode == 0, $"{await output}\n{await error}");
            return await output;
        }
        finally
        {
            process.Kill();
        }
    }
}
