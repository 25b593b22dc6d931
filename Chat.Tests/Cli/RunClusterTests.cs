using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using Chat.Tests.Support;

namespace Chat.Tests.Cli;

/// <summary><c>./run cluster</c>, the script itself.</summary>
[RequiresRunCluster]
public sealed class RunClusterTests
{
    /// <summary>A start makes a database and waits for several processes, on machines that test and build at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [ContractFact]
    public async Task Nodes_behind_the_balancer_serve_one_session_keep_it_over_a_restart_and_leave_nothing_running()
    {
        using var folder = new TempFolder();
        // Servers that do not run as root have to reach it.
        Process.Start("chmod", ["755", folder.Path])!.WaitForExit();
        var ports = Enumerable.Range(0, 4).Select(_ => ChatProcess.FreePort()).ToArray();

        await using (var cluster = await StartAsync(folder.Path, ports))
        {
            // The balancer gives each new socket to the node with the fewest.
            using var mina = await OpenAsync(ports[0], "?token=test-token");
            using var juno = await OpenAsync(ports[0], "?token=" + ChatProcess.DevelopmentToken("juno"));
            await mina.SendAsync(Encoding.UTF8.GetBytes("""{"type":"message","content":"over two nodes"}"""), WebSocketMessageType.Text, true, default);
            Assert.Contains("over two nodes", await ReadUntilAsync(juno, "over two nodes"), StringComparison.Ordinal);
            Assert.Equal(0, await cluster.StopAsync());
            Assert.Contains("Stopped.", cluster.Output, StringComparison.Ordinal);
        }
        Assert.Empty(ProcessesOf(folder.Path));

        await using (var again = await StartAsync(folder.Path, ports))
        {
            using var mina = await OpenAsync(ports[0], "?token=test-token&since=0");
            Assert.Contains("over two nodes", await ReadUntilAsync(mina, "over two nodes"), StringComparison.Ordinal);
            again.Kill();
        }
        for (var tries = 0; tries < 100 && ProcessesOf(folder.Path).Count > 0; tries++)
        {
            await Task.Delay(100);
        }
        Assert.Empty(ProcessesOf(folder.Path));
    }

    private static async Task<Script> StartAsync(string folder, int[] ports)
    {
        var script = new Script(folder, ports);
        if (await script.IsReadyAsync())
        {
            return script;
        }
        await script.DisposeAsync();
        throw new InvalidOperationException($"The cluster did not start:\n{script.Output}");
    }

    private static async Task<ClientWebSocket> OpenAsync(int port, string query)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/ws/shared{query}"), default);
        await ReadUntilAsync(socket, "\"connected\"");
        return socket;
    }

    private static async Task<string> ReadUntilAsync(ClientWebSocket socket, string text)
    {
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(length), timeout.Token);
                length += result.Count;
            }
            while (!result.EndOfMessage);
            if (Encoding.UTF8.GetString(buffer, 0, length) is var frame && frame.Contains(text, StringComparison.Ordinal))
            {
                return frame;
            }
        }
    }

    /// <summary>Command lines of what runs over this folder.</summary>
    private static List<string> ProcessesOf(string folder)
    {
        var found = new List<string>();
        foreach (var process in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                var command = File.ReadAllText(process + "/cmdline");
                if (command.Length > 0 && (command.Contains(folder, StringComparison.Ordinal) || File.ReadAllText(process + "/environ").Contains(folder, StringComparison.Ordinal)))
                {
                    found.Add(command.Replace('\0', ' '));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone meanwhile, or another user's.
            }
        }
        return found;
    }

    private sealed class Script : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Script(string folder, int[] ports)
        {
            var start = new ProcessStartInfo(Path.Combine(RequiresRunClusterAttribute.Root!, "run"), ["cluster", "2"]) { RedirectStandardError = true, RedirectStandardOutput = true };
            start.Environment["CHAT_PROGRAM"] = Path.Combine(AppContext.BaseDirectory, "chat.dll");
            start.Environment["CLUSTER_DATA"] = folder;
            foreach (var (name, port) in new[] { "CLUSTER_PORT", "CLUSTER_NODE_PORT", "CLUSTER_POSTGRES_PORT", "CLUSTER_REDIS_PORT" }.Zip(ports))
            {
                start.Environment[name] = $"{port}";
            }
            _process = new Process { StartInfo = start };
            _process.OutputDataReceived += (_, line) => Take(line.Data);
            _process.ErrorDataReceived += (_, line) => Take(line.Data);
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Output
        {
            get
            {
                lock (_output)
                {
                    return _output.ToString();
                }
            }
        }

        public async Task<bool> IsReadyAsync()
        {
            await Task.WhenAny(_ready.Task, _process.WaitForExitAsync(), Task.Delay(Patience));
            return _ready.Task.IsCompleted;
        }

        /// <summary>As Ctrl-C.</summary>
        public async Task<int> StopAsync()
        {
            Process.Start("/bin/sh", ["-c", $"kill -INT {_process.Id}"])!.WaitForExit();
            await _process.WaitForExitAsync().WaitAsync(Patience);
            return _process.ExitCode;
        }

        public void Kill() => _process.Kill();

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync().WaitAsync(Patience);
            _process.Dispose();
        }

        private void Take(string? line)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }
            if (line?.StartsWith("Ready: ", StringComparison.Ordinal) == true)
            {
                _ready.TrySetResult();
            }
        }
    }
}

/// <summary>What <c>./run cluster</c> itself would have to install first.</summary>
public sealed class RequiresRunClusterAttribute : RequiresAttribute
{
    /// <summary>The checkout; null where the tests run without one.</summary>
    public static string? Root { get; } = Ancestors(AppContext.BaseDirectory).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "Chat.sln")));

    public override string? Missing =>
        Root is null ? "The script is not here: the tests do not run in a checkout"
        : PostgresServer.Missing
        ?? new[] { "redis-server", "haproxy", "setpriv" }.Where(program => Find(program) is null).Select(program => program + " is not installed").FirstOrDefault();

    internal static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            yield return at.FullName;
        }
    }
}
