using System.Diagnostics;
using System.Globalization;
using System.Text;
using Chat.Host.Configuration;

namespace Chat.Tests.Support;

/// <summary>npm's <c>s3rver</c>, a server of S3's protocol with one empty bucket. It checks the access key and not what is signed with it. It is killed with this process.</summary>
public sealed class S3Server : IAsyncDisposable
{
    private const string Bucket = "chat-files";

    private readonly TempFolder _folder = new();
    private readonly Process _process;

    private S3Server(int port)
    {
        Port = port;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "node",
                [
                    Path.Combine("node_modules", "s3rver", "bin", "s3rver.js"), "--directory", _folder.Path, "--address", "127.0.0.1",
                    "--port", port.ToString(CultureInfo.InvariantCulture), "--configure-bucket", Bucket,
                ])
            {
                WorkingDirectory = SchemaCheck.Clients,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
    }

    public int Port { get; }

    public S3Options Options => new()
    {
        Bucket = Bucket,
        Endpoint = $"http://127.0.0.1:{Port}",
        // The one that it knows.
        AccessKeyId = "S3RVER",
        SecretAccessKey = "S3RVER",
    };

    public static async Task<S3Server> StartAsync()
    {
        var server = new S3Server(ChatProcess.FreePort());
        var output = new StringBuilder();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(string? line)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
            if (line?.Contains("listening on", StringComparison.OrdinalIgnoreCase) == true)
            {
                ready.TrySetResult();
            }
        }
        server._process.OutputDataReceived += (_, line) => Take(line.Data);
        server._process.ErrorDataReceived += (_, line) => Take(line.Data);
        server._process.EnableRaisingEvents = true;
        server._process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException($"s3rver ended:\n{output}"));
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return server;
    }

    /// <summary>At once; its connections break.</summary>
    public async Task StopAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended, or been disposed of.
        }
    }
}
