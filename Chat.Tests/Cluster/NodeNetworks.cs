using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Chat.Tests.Cluster;

/// <summary>What a node can be cut off from.</summary>
[Flags]
internal enum Peers
{
    Redis = 1,
    Postgres = 2,
    Both = Redis | Postgres,
}

/// <summary>
/// A network namespace for each node, with three lines out of it: to the clients and the other nodes, to Redis, and to PostgreSQL. Each kind of line ends in a bridge
/// of its own, on which this process is the first address. A cut is silent, as one in a real network is: packets are dropped, and no one is told.
/// </summary>
internal sealed partial class NodeNetworks : IDisposable
{
    /// <summary>Bridges, each with 62 addresses of the run's 256: the first, then the nodes' from 11 on.</summary>
    private static readonly string[] Kinds = ["clients", "redis", "postgres"];

    private static readonly Lazy<string?> Fault = new(FindFault);

    private readonly int _nodes;
    private readonly string _prefix;

    private NodeNetworks(int nodes, string prefix)
    {
        (_nodes, _prefix) = (nodes, prefix);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Missing => Fault.Value;

    public string Redis => Address(1, 1);

    public string Postgres => Address(2, 1);

    private static string Mine => $"chat{Environment.ProcessId}";

    /// <summary>One at a time in this process.</summary>
    public static NodeNetworks Create(int nodes)
    {
        Sweep();
        var networks = new NodeNetworks(nodes, FreePrefix());
        try
        {
            networks.Add();
        }
        catch
        {
            networks.Dispose();
            throw;
        }
        return networks;
    }

    /// <summary>Where clients and the other nodes reach a node.</summary>
    public string AddressOf(int node) => Address(0, 11 + node);

    /// <summary>What to put before the command of a process that is to run there.</summary>
    public static string[] Within(int node) => ["ip", "netns", "exec", Namespace(node)];

    public static void Cut(int node, Peers peers) => SetLines(node, peers, isUp: false);

    public static void Mend(int node, Peers peers) => SetLines(node, peers, isUp: true);

    public void Dispose() => Remove(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    private void Add()
    {
        for (var kind = 0; kind < Kinds.Length; kind++)
        {
            Run("ip", $"link add {Bridge(kind)} address {Hardware(kind, 0)} type bridge");
            Run("ip", $"address add {Address(kind, 1)}/26 dev {Bridge(kind)}");
            Run("ip", $"link set {Bridge(kind)} up");
        }
        for (var node = 0; node < _nodes; node++)
        {
            var inside = Namespace(node);
            Run("ip", $"netns add {inside}");
            Run("ip", $"-n {inside} link set lo up");
            for (var kind = 0; kind < Kinds.Length; kind++)
            {
                var address = Address(kind, 11 + node);
                Run("ip", $"link add {Line(kind, node)} type veth peer name {Kinds[kind]} address {Hardware(kind, 11 + node)} netns {inside}");
                Run("ip", $"link set {Line(kind, node)} master {Bridge(kind)} up");
                Run("ip", $"-n {inside} address add {address}/26 dev {Kinds[kind]}");
                Run("ip", $"-n {inside} link set {Kinds[kind]} up");
                // Known for ever: who asks in vain for a neighbour is told that the host is unreachable, and behind a router nobody is.
                Run("ip", $"-n {inside} neighbour add {Address(kind, 1)} lladdr {Hardware(kind, 0)} dev {Kinds[kind]}");
                Run("ip", $"neighbour add {address} lladdr {Hardware(kind, 11 + node)} dev {Bridge(kind)}");
            }
        }
    }

    /// <summary>A port of a bridge that is disabled drops what comes and goes; both ends keep their link.</summary>
    private static void SetLines(int node, Peers peers, bool isUp)
    {
        foreach (var (peer, kind) in new[] { (Peers.Redis, 1), (Peers.Postgres, 2) })
        {
            if (peers.HasFlag(peer))
            {
                Run("bridge", $"link set dev {Line(kind, node)} state {(isUp ? "forwarding" : "disabled")}");
            }
        }
    }

    private string Address(int kind, int host) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{kind * 64 + host}");

    private static string Hardware(int kind, int host) => string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:{kind:x2}:{host:x2}");

    private static string Bridge(int kind) => $"{Mine}{Kinds[kind][0]}";

    private static string Line(int kind, int node) => $"{Bridge(kind)}{node}";

    private static string Namespace(int node) => $"{Mine}n{node}";

    /// <summary>Of 198.18.0.0/15, which is for tests between networks and is routed nowhere: 256 addresses that no one here has.</summary>
    private static string FreePrefix()
    {
        var taken = Run("ip", "-oneline -4 address show");
        return Enumerable.Range(Environment.ProcessId, 512)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"198.{18 + i / 256 % 2}.{i % 256}."))
            .First(prefix => !taken.Contains(" " + prefix, StringComparison.Ordinal));
    }

    /// <summary>Removes the networks of processes that are gone.</summary>
    private static void Sweep()
    {
        foreach (var process in Names().Matches(Run("ip", "netns list") + Run("ip", "-oneline link show")).Select(match => match.Groups[1].Value).Distinct())
        {
            if (!Directory.Exists($"/proc/{process}"))
            {
                Remove(process);
            }
        }
    }

    /// <summary>With what still runs in them.</summary>
    private static void Remove(string process)
    {
        var namespaces = Names().Matches(Run("ip", "netns list")).Where(match => match.Groups[1].Value == process).Select(match => match.Value).ToList();
        foreach (var left in namespaces.SelectMany(name => Run("ip", $"netns pids {name}", mayFail: true).Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            Run("/bin/sh", $"-c \"kill -9 {left}\"", mayFail: true);
        }
        foreach (var match in Names().Matches(Run("ip", "-oneline link show")).Where(match => match.Groups[1].Value == process))
        {
            Run("ip", $"link delete {match.Value}", mayFail: true);
        }
        foreach (var name in namespaces)
        {
            Run("ip", $"netns delete {name}", mayFail: true);
        }
    }

    private static string? FindFault()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "Network namespaces need Linux and root";
        }
        try
        {
            Run("bridge", "-Version");
            using var networks = Create(1);
            return null;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return $"No network namespaces here (Debian's iproute2 has the programs): {e.Message}";
        }
    }

    private static string Run(string program, string arguments, bool mayFail = false)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 || mayFail ? output : throw new InvalidOperationException($"{program} {arguments}: {error.Result.Trim()}");
    }

    /// <summary>Of a namespace, a bridge and a line, with the number of the process that made it.</summary>
    [GeneratedRegex(@"\bchat(\d+)(?:n\d+|[crp]\d*)\b")]
    private static partial Regex Names();
}
