using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>
/// Runs a tool of libvips on a stranger's picture: a process with nothing of this one's environment, in a folder of its own, under limits that the system keeps
/// (address space, processor, size of files, open files), behind the server where the processor is short, and killed when its time is over.
/// </summary>
internal sealed class ImageSandbox(ThumbnailOptions options, TimeProvider time)
{
    /// <summary>sh counts files in blocks of 512 bytes: 512 KiB. A thumbnail has some 10.</summary>
    private const int FileBlocks = 1024;

    private const int OpenFiles = 64;

    /// <summary>More than the tools ever say.</summary>
    private const int OutputLimit = 4096;

    /// <summary>Set by a shell, since a process cannot be given limits before it starts; exec leaves one process.</summary>
    private const string Script = "ulimit -c 0 && ulimit -v \"$1\" && ulimit -t \"$2\" && ulimit -f \"$3\" && ulimit -n \"$4\" && shift 4 && exec nice -n 10 \"$@\"";

    /// <returns>What it said, or null where it failed or did not end in time.</returns>
    /// <exception cref="Win32Exception">There is no sh.</exception>
    public async Task<string?> RunAsync(string folder, string tool, string[] arguments, CancellationToken cancellation)
    {
        var path = options.Tools is { } tools ? Path.Combine(tools, tool) : tool;
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", Number(options.Memory / 1024), Number((int)Math.Ceiling(options.Time.TotalSeconds)), Number(FileBlocks), Number(OpenFiles), path, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        start.Environment["HOME"] = start.Environment["TMPDIR"] = folder;
        start.Environment["LC_ALL"] = "C";
        start.Environment["VIPS_BLOCK_UNTRUSTED"] = "1";
        start.Environment["VIPS_CONCURRENCY"] = "1";
        // What does not fit into memory goes nowhere: it would be a file larger than the limit.
        start.Environment["VIPS_DISC_THRESHOLD"] = Number(options.Memory);
        // An arena for each thread would take the address space.
        start.Environment["MALLOC_ARENA_MAX"] = "2";

        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(options.Time, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            process.StandardInput.Close();
            var errors = ReadAsync(process.StandardError, either.Token);
            var output = await ReadAsync(process.StandardOutput, either.Token);
            await errors;
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0 ? output : null;
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
        finally
        {
            await EndAsync(process);
        }
    }

    /// <summary>Returns when it is gone, so that nothing writes to its folder any more.</summary>
    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var buffer = new char[OutputLimit];
        var length = 0;
        while (await reader.ReadAsync(buffer.AsMemory(length), cancellation) is var count and > 0)
        {
            // What goes beyond is read and forgotten, or the process would wait for ever.
            length = Math.Min(length + count, OutputLimit - 1);
        }
        return new string(buffer, 0, length);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
