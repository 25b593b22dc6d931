using System.Diagnostics;

namespace Chat.Tests.Support;

/// <summary>Signals to child processes, by the shell's own <c>kill</c>.</summary>
internal static class Signals
{
    /// <param name="name">Without SIG.</param>
    public static async Task SendAsync(string name, int process)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{name} {process}"]);
        await kill.WaitForExitAsync();
    }
}
