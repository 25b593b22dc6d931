using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Chat.Tests.Support;

/// <summary>Marks a class whose tests need PostgreSQL's programs on this machine.</summary>
public sealed class RequiresPostgresAttribute : RequiresAttribute
{
    public override string? Missing => PostgresServer.Missing;
}

/// <summary>
/// A private cluster in the temp folder, started when the first test asks for it and killed with this process. It does not fsync. A test that stops its server starts
/// one of its own.
/// </summary>
public sealed class PostgresServer
{
    private const string FolderPrefix = "chat-postgres-";

    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => Task.Run(() => StartAsync()));
    private static readonly string? Programs = FindPrograms();
    private static int databases;
    private static int servers;

    private readonly string folder;
    private readonly string? alsoOn;

    private PostgresServer(string folder, int port, string? alsoOn)
    {
        this.folder = folder;
        this.alsoOn = alsoOn;
        Port = port;
    }

    /// <summary>Why there is no server here; null where there is one.</summary>
    public static string? Missing { get; } =
        Programs is null ? "PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or PATH"
        : Environment.IsPrivilegedProcess && !CanBecomePostgres() ? "PostgreSQL refuses to run as root, and there is no user postgres, or no setpriv or runuser to become it"
        : null;

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    public static Task<PostgresServer> GetAsync() => Shared.Value;

    /// <summary>A server that no other test uses; it is the caller's to remove.</summary>
    /// <param name="alsoOn">An address beside 127.0.0.1, whose network is trusted.</param>
    public static Task<PostgresServer> StartOwnAsync(string? alsoOn = null) => Task.Run(() => StartAsync(alsoOn));

    /// <summary>Ends all its connections at once and leaves its files as a crash would.</summary>
    public Task StopAsync() => RunToEndAsync("pg_ctl", "stop", "-s", "-D", folder, "-m", "immediate");

    /// <summary>After <see cref="StopAsync"/>, on the same port.</summary>
    public Task StartAgainAsync() => RunAsync();

    public async Task RemoveAsync()
    {
        await StopAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A new empty database.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return new PostgresDatabase(this, name);
    }

    /// <summary>A statement outside of any test's database.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={Port};Username=postgres;Database=postgres;Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresServer> StartAsync(string? alsoOn = null)
    {
        Sweep();
        var folder = Path.Combine(Path.GetTempPath(), $"{FolderPrefix}{Environment.ProcessId}-{Interlocked.Increment(ref servers)}");
        var server = new PostgresServer(folder, FreePort(), alsoOn);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Stop();
        await RunToEndAsync("initdb", "-D", folder, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync");
        if (alsoOn is not null)
        {
            await File.AppendAllTextAsync(Path.Combine(folder, "pg_hba.conf"), "host all all samenet trust\n");
        }
        await server.RunAsync();
        return server;
    }

    /// <summary>Returns when connections are accepted.</summary>
    private async Task RunAsync()
    {
        var start = Start(
            "postgres", dieWithUs: true, "-D", folder, "-p", $"{Port}", "-k", folder, "-c", $"listen_addresses=127.0.0.1{(alsoOn is null ? "" : "," + alsoOn)}",
            "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300", "-c", "max_prepared_transactions=5");
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new StringBuilder();
        // A thread that lives as long as this process: the signal of setpriv's --pdeathsig comes when the starting thread ends.
        new Thread(Watch) { IsBackground = true, Name = "postgres" }.Start();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));

        void Watch()
        {
            using var process = Process.Start(start)!;
            while (process.StandardError.ReadLine() is { } line)
            {
                output.AppendLine(line);
                if (line.Contains("ready to accept connections", StringComparison.Ordinal))
                {
                    ready.TrySetResult();
                }
            }
            ready.TrySetException(new InvalidOperationException($"PostgreSQL ended:\n{output}"));
        }
    }

    /// <summary>By a shell that outlives this process, which has little time left. What even that does not get to, the next run sweeps.</summary>
    private void Stop()
    {
        string[] command = [.. Become(dieWithUs: false), "/bin/sh", "-c", "\"$0/pg_ctl\" stop -s -D \"$1\" -m immediate; rm -rf \"$1\"", Programs!, folder];
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = Path.GetTempPath(), RedirectStandardError = true })?.Dispose();
    }

    /// <summary>Removes the clusters of processes that are gone.</summary>
    private static void Sweep()
    {
        foreach (var left in Directory.GetDirectories(Path.GetTempPath(), FolderPrefix + "*"))
        {
            if (!Directory.Exists($"/proc/{Path.GetFileName(left)[FolderPrefix.Length..].Split('-')[0]}"))
            {
                try
                {
                    Directory.Delete(left, recursive: true);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    Console.Error.WriteLine($"{left} could not be removed: {e.Message}");
                }
            }
        }
    }

    private static async Task RunToEndAsync(string program, params string[] arguments)
    {
        // Without the signal: it would come as soon as the pool ends the thread that starts it.
        var start = Start(program, dieWithUs: false, arguments);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed: {string.Concat(output)}");
        }
    }

    private static ProcessStartInfo Start(string program, bool dieWithUs, params string[] arguments)
    {
        string[] command = [.. Become(dieWithUs), Path.Combine(Programs!, program), .. arguments];
        return new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
    }

    /// <summary>What to put before a command: the user that PostgreSQL consents to run as, and the signal that comes when we die.</summary>
    private static string[] Become(bool dieWithUs)
    {
        string[] die = dieWithUs ? ["--pdeathsig", "KILL"] : [];
        var setpriv = Find("setpriv");
        if (!Environment.IsPrivilegedProcess)
        {
            return setpriv is null || die.Length == 0 ? [] : [setpriv, .. die];
        }
        return setpriv is null ? [Find("runuser")!, "-u", "postgres", "--"] : [setpriv, "--reuid", "postgres", "--regid", "postgres", "--init-groups", .. die];
    }

    private static bool CanBecomePostgres() =>
        (Find("setpriv") ?? Find("runuser")) is not null
        && File.Exists("/etc/passwd")
        && File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal));

    private static string? FindPrograms()
    {
        const string Debian = "/usr/lib/postgresql";
        var installed = Directory.Exists(Debian) ? Directory.GetDirectories(Debian) : [];
        return installed.OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin"))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? (Find("initdb") is { } initdb ? Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName ?? initdb) : null);
    }

    private static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
