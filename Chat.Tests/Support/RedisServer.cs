using System.Diagnostics;
using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace Chat.Tests.Support;

/// <summary>Marks a class whose tests need Redis' server program on this machine.</summary>
public sealed class RequiresRedisAttribute : RequiresAttribute
{
    public override string? Missing => RedisServer.Missing;
}

/// <summary>A private Redis on a port of its own, which keeps nothing and is killed with this process.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly string? Program =
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/bin".Split(':').Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);

    private readonly Lock _gate = new();
    private readonly string? _alsoOn;
    private Process? _process;

    private RedisServer(int port, string? alsoOn)
    {
        (Port, _alsoOn) = (port, alsoOn);
        // Children must not outlive a test run that ends early.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process?.Kill();
    }

    /// <summary>Why there is no server here; null where there is one.</summary>
    public static string? Missing { get; } = Program is null ? "Redis is not installed: no redis-server in PATH" : null;

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    public string Url => UrlAt("127.0.0.1");

    public string UrlAt(string host) => $"redis://{host}:{Port}";

    /// <param name="alsoOn">An address beside 127.0.0.1.</param>
    public static async Task<RedisServer> StartAsync(string? alsoOn = null)
    {
        var server = new RedisServer(ChatProcess.FreePort(), alsoOn);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Without anything that it knew before, on the same port. Returns when connections are accepted.</summary>
    public async Task StartAgainAsync()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                Program!, ["--port", port, "--protected-mode", "no", "--bind", "127.0.0.1", .. _alsoOn is null ? [] : new[] { _alsoOn }, "--save", "", "--appendonly", "no"])
            {
                RedirectStandardOutput = true,
                WorkingDirectory = Path.GetTempPath(),
            },
        };
        var output = new StringBuilder();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            output.AppendLine(line.Data);
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException($"Redis ended:\n{output}"));
            }
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        };
        process.Start();
        lock (_gate)
        {
            _process = process;
        }
        process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>A client for a look at it, which waits as long as a busy machine may take; its own default is a second.</summary>
    /// <param name="isAdmin">Its settings may be changed.</param>
    public Task<ConnectionMultiplexer> ConnectAsync(bool isAdmin = false) =>
        ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Port},abortConnect=false,syncTimeout=60000,responseTimeout=60000,allowAdmin={isAdmin}");

    /// <summary>At once; its connections break.</summary>
    public async Task StopAsync()
    {
        Process? process;
        lock (_gate)
        {
            (process, _process) = (_process, null);
        }
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    /// <summary>It answers nobody and keeps its connections, until <see cref="ContinueAsync"/>.</summary>
    public Task PauseAsync() => Signals.SendAsync("STOP", _process!.Id);

    public Task ContinueAsync() => Signals.SendAsync("CONT", _process!.Id);

    /// <summary>Runs and answers, whatever was done to it.</summary>
    public Task RestoreAsync() => _process is null ? StartAgainAsync() : ContinueAsync();

    public async ValueTask DisposeAsync() => await StopAsync();
}
