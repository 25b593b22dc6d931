using System.Diagnostics;
using System.Net;
using Chat.Tests.Cli;

namespace Chat.Tests.Support;

/// <summary>HAProxy before some nodes, configured by <c>.ci/cluster.sh</c> itself; killed with this process.</summary>
public sealed class HaProxy : IAsyncDisposable
{
    private static readonly string[] Script =
        ["-c", "set -euo pipefail; root=$1; source \"$root/.ci/cluster.sh\"; haproxy_configuration \"${@:2}\"", "haproxy", RequiresRunClusterAttribute.Root!];

    private readonly TempFolder _folder = new();
    private readonly Process _process;

    private HaProxy(string configuration, int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}/");
        File.WriteAllText(_folder.File("haproxy.cfg"), configuration);
        _process = Process.Start(new ProcessStartInfo(RequiresRunClusterAttribute.Find("haproxy")!, ["-db", "-f", _folder.File("haproxy.cfg")]))!;
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public Uri Address { get; }

    /// <summary>Returns when it has a node that is ready.</summary>
    public static async Task<HaProxy> StartAsync(IEnumerable<int> nodes)
    {
        var port = ChatProcess.FreePort();
        using var bash = Process.Start(new ProcessStartInfo("bash", [.. Script, $"{port}", .. nodes.Select(node => $"{node}")]) { RedirectStandardOutput = true })!;
        var configuration = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal(0, bash.ExitCode);
        var balancer = new HaProxy(configuration, port);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                return answer.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
    }
}
