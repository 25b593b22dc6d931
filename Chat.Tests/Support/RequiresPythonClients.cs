using System.Diagnostics;

namespace Chat.Tests.Support;

/// <summary>Marks a class whose tests run Python's package <c>websockets</c>, Debian's own.</summary>
public sealed class RequiresPythonClientsAttribute : RequiresAttribute
{
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<string?> Reason = new(Look);

    public override string? Missing => Reason.Value;

    private static string? Look() =>
        !File.Exists(Python) ? $"Python is not installed: no {Python}"
        : !HasWebSockets() ? "The package websockets of Python is not installed (python3-websockets)"
        : null;

    private static bool HasWebSockets()
    {
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import websockets"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}

/// <summary>Marks a class whose tests run clients of Node and of Python beside each other.</summary>
public sealed class RequiresNodeAndPythonClientsAttribute : RequiresAttribute
{
    public override string? Missing => new RequiresNodeClientsAttribute().Missing ?? new RequiresPythonClientsAttribute().Missing;
}
