using System.Diagnostics;
using System.Text.RegularExpressions;
using Chat.Bench.Clients;

namespace Chat.Bench.Servers;

/// <summary>A server that was started from here, on a free port of loopback, with its data in a folder that goes with it.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>A machine that is busy takes long to start a server; one that hangs is not waited for longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Lines of its log that are kept, to be shown should it fail.</summary>
    private const int KeptLines = 20;

    private readonly DirectoryInfo _folder;
    private readonly Queue<string> _log = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(ProcessStartInfo start, DirectoryInfo folder)
    {
        _folder = folder;
        Process = new Process { StartInfo = start };
        Process.OutputDataReceived += (_, line) => Take(line.Data);
        Process.ErrorDataReceived += (_, line) => Take(line.Data);
        Process.Start();
        AppDomain.CurrentDomain.ProcessExit += Kill;
        Process.StandardInput.Close();
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public Uri Address => _listening.Task.Result;

    /// <summary>Bytes of all files in its folder.</summary>
    public long DataSize => _folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Returns when it answers.</summary>
    /// <param name="program">A file that <c>dotnet</c> runs.</param>
    /// <param name="environment">Set over this process's; null takes a name away.</param>
    /// <exception cref="BenchException">It does not start.</exception>
    public static async Task<ServerProcess> StartAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment, string? dataFolder, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(dataFolder ?? Path.GetTempPath(), $"chat-bench-{Guid.NewGuid():N}"));
        var start = new ProcessStartInfo(System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        EventLoop.Unset(start.Environment);
        start.Environment["DATA_PATH"] = folder.FullName;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        return await StartAsync(start, folder, cancellation);
    }

    /// <summary>Kills it, and starts it on the same data, as another process that may listen elsewhere.</summary>
    /// <exception cref="BenchException">It does not start.</exception>
    public async Task<ServerProcess> RestartAsync(CancellationToken cancellation)
    {
        var start = Process.StartInfo;
        await EndAsync();
        return await StartAsync(start, _folder, cancellation);
    }

    /// <summary>The newest lines.</summary>
    public string Log()
    {
        lock (_log)
        {
            return string.Join('\n', _log);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<ServerProcess> StartAsync(ProcessStartInfo start, DirectoryInfo folder, CancellationToken cancellation)
    {
        var server = new ServerProcess(start, folder);
        var ended = server.Process.WaitForExitAsync(cancellation);
        if (await Task.WhenAny(server._listening.Task, ended, Task.Delay(Patience, cancellation)) != server._listening.Task)
        {
            var log = server.Log();
            await server.DisposeAsync();
            cancellation.ThrowIfCancellationRequested();
            throw new BenchException($"The server did not start. It said:\n{log}");
        }
        return server;
    }

    private async Task EndAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        await Process.WaitForExitAsync();
        Process.Dispose();
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }
        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > KeptLines)
            {
                _log.Dequeue();
            }
        }
        if (Listening().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
        }
    }

    [GeneratedRegex(@"Listening on (https?://[^\s""]+)")]
    private static partial Regex Listening();
}
