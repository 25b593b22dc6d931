namespace Chat.Bench.Growth;

/// <summary>How many sockets this process, and a server that it starts, may have.</summary>
internal static class OpenFiles
{
    /// <summary>Of a server without a client, which has some 280 (libraries, most of them), and 64 requests at once; and some to spare.</summary>
    private const int Others = 500;

    /// <summary>Where Linux tells; elsewhere nothing is known before it fails.</summary>
    private const string Limits = "/proc/self/limits", Ports = "/proc/sys/net/ipv4/ip_local_port_range";

    /// <summary>The runtime has raised the soft limit to the hard one when this process began, as it does in a server.</summary>
    /// <exception cref="BenchException">There are too few.</exception>
    public static void Check(int sockets)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        var limit = Words(File.ReadLines(Limits).First(line => line.StartsWith("Max open files", StringComparison.Ordinal)))[3];
        if (long.TryParse(limit, out var files) && sockets + Others > files)
        {
            throw new BenchException($"{sockets} sockets need {sockets + Others} open files, and the limit is {limit}: raise it (as root: ulimit -n {sockets + Others}), or take smaller --steps: {files - Others} sockets fit.");
        }
        var range = Words(File.ReadAllText(Ports)).Select(int.Parse).ToList();
        if (sockets + Others > range[1] - range[0])
        {
            throw new BenchException($"{sockets} sockets need as many ports, and {Ports} has {range[1] - range[0]}: widen it, or take smaller --steps.");
        }
    }

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
