using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Chat.Host.Auth;
using Chat.Host.Configuration;

namespace Chat.Tests.Support;

/// <summary>The real program as a child process, with nothing of this process's settings and its data in a folder of its own.</summary>
public sealed partial class ChatProcess : IAsyncDisposable
{
    /// <summary>Machines that build and test at once are slow; a start that hangs is not waited for longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private static readonly Lazy<HashSet<string>> OwnNames = new(() =>
        [.. Directory.GetFiles(ChatConfiguration.FindFolder(), "*.conf").SelectMany(file => Substitution().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)]);

    private static int _ports;

    private readonly Process _process;
    private readonly TempFolder? _folder;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _errorEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Children must not outlive a test run that ends early.
    static ChatProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Values)
        {
            process.Kill();
        }
    };

    private ChatProcess(IReadOnlyDictionary<string, string>? environment, string[] arguments, string[]? within = null)
    {
        string[] command = [.. within ?? [], Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "chat.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToList())
        {
            start.Environment.Remove(name);
        }
        if (environment?.ContainsKey("DATA_PATH") != true)
        {
            _folder = new TempFolder();
            start.Environment["DATA_PATH"] = _folder.Path;
        }
        if (TestEngine.IsAkka)
        {
            start.Environment["CHAT_ENGINE"] = "akka";
        }
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(_output, line.Data, _outputEnded);
        _process.ErrorDataReceived += (_, line) => Take(_error, line.Data, _errorEnded);
        _process.Start();
        Running[_process.Id] = _process;
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where the server said that it listens.</summary>
    public Uri Address => _listening.Task.IsCompletedSuccessfully ? _listening.Task.Result : throw new InvalidOperationException("The process has not said where it listens");

    public int Id => _process.Id;
    public string Output => Text(_output);
    public string Error => Text(_error);

    /// <summary>Starts a server and returns when it answers. Say <c>SERVICE_PORT</c> 0 for a port of its own.</summary>
    /// <param name="environment">On top of an environment without any name of ours. Without <c>DATA_PATH</c> the data goes with the process.</param>
    /// <param name="arguments">After <c>serve</c>.</param>
    public static Task<ChatProcess> ServeAsync(IReadOnlyDictionary<string, string>? environment = null, params string[] arguments) =>
        ServeWithinAsync([], environment, arguments);

    /// <param name="within">A command that becomes the one that follows it, such as <c>ip netns exec</c>.</param>
    public static async Task<ChatProcess> ServeWithinAsync(string[] within, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var process = new ChatProcess(environment, ["serve", .. arguments], within);
        try
        {
            await Task.WhenAny(process._listening.Task, process._process.WaitForExitAsync()).WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            await process.KillAsync();
        }
        if (!process._listening.Task.IsCompletedSuccessfully)
        {
            await process.DisposeAsync();
            throw new InvalidOperationException($"The server did not start. It said:\n{process.Output}{process.Error}");
        }
        return process;
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<ChatResult> RunAsync(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using var process = new ChatProcess(environment, arguments);
        var code = await process.WaitForExitAsync();
        return new ChatResult(code, process.Output, process.Error);
    }

    /// <summary>
    /// For a server that has to come back on the port it had, or begins to listen later: below those that Linux gives to outgoing connections and to whoever asks for
    /// any, one of which may take it meanwhile. Each is given once, and the eleven after it to nobody: the nodes of <c>./run cluster</c> are ten apart, with a port beside each.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            // From another place in each process, so that two runs at a time seldom meet.
            var port = 12_000 + 12 * (int)((uint)(Environment.ProcessId * 997 + Interlocked.Increment(ref _ports)) % 1_600);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Someone else's.
            }
        }
    }

    /// <summary>A token that a server takes which was given no key.</summary>
    public static string DevelopmentToken(string user) => new TokenIssuer(new JwtOptions(), TimeProvider.System).Issue(user, null, Roles.None, TimeSpan.FromHours(1));

    /// <summary>As <c>kill -9</c>: the process has no say in it. Returns when it is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await WaitForExitAsync();
    }

    /// <summary>As <c>kill</c>, which an orderly stop answers.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        await Signals.SendAsync("TERM", _process.Id);
        return await WaitForExitAsync();
    }

    /// <summary>It stands still, and keeps its connections, until <see cref="ContinueAsync"/>.</summary>
    public Task PauseAsync() => Signals.SendAsync("STOP", _process.Id);

    public Task ContinueAsync() => Signals.SendAsync("CONT", _process.Id);

    /// <summary>By itself, or as another process has asked it to.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> EndedAsync() => WaitForExitAsync();

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Running.TryRemove(_process.Id, out _);
        _process.Dispose();
        _folder?.Dispose();
    }

    private async Task<int> WaitForExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            throw new TimeoutException($"The process did not end. It said:\n{Output}{Error}");
        }
        await Task.WhenAll(_outputEnded.Task, _errorEnded.Task).WaitAsync(Patience);
        Running.TryRemove(_process.Id, out _);
        return _process.ExitCode;
    }

    private void Take(StringBuilder text, string? line, TaskCompletionSource ended)
    {
        if (line is null)
        {
            ended.TrySetResult();
            return;
        }
        lock (text)
        {
            text.Append(line).Append('\n');
        }
        if (Listening().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups[1].Value.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static bool IsOurs(string name) =>
        OwnNames.Value.Contains(name) || name is "CHAT_CONFIG" || name.StartsWith("OTEL_", StringComparison.Ordinal) || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
        || name.StartsWith("DOTNET_ENVIRONMENT", StringComparison.Ordinal);

    [GeneratedRegex(@"Listening on (https?://[^\s""]+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"\$\{\?(\w+)\}")]
    private static partial Regex Substitution();
}

/// <summary>What a command that has ended leaves.</summary>
public sealed record ChatResult(int Code, string Output, string Error);
