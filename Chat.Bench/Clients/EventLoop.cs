using System.Runtime.InteropServices;

namespace Chat.Bench.Clients;

/// <summary>
/// The thread that polls all sockets of this process and runs what waits for them. It is one, so that what all receivers share (tallies, the order of a room) needs
/// no locks, and the generator takes one processor at most.
/// </summary>
internal static partial class EventLoop
{
    private static readonly string[] Variables = ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"];

    /// <summary>Before the process's first socket: the runtime reads its variables then.</summary>
    public static void Start()
    {
        foreach (var variable in Variables)
        {
            Environment.SetEnvironmentVariable(variable, "1");
        }
    }

    /// <summary>Servers that are started from here are to run as they would by themselves.</summary>
    public static void Unset(IDictionary<string, string?> environment)
    {
        foreach (var variable in Variables)
        {
            environment.Remove(variable);
        }
    }

    /// <summary>Leaves the event loop, should the caller have been resumed by it.</summary>
    public static Task LeaveAsync() => Task.Delay(1);

    /// <summary>Finer than <see cref="Thread.Sleep(TimeSpan)"/>, whose millisecond would stand in every latency.</summary>
    public static void Sleep(TimeSpan time)
    {
        if (OperatingSystem.IsLinux())
        {
            var request = new TimeSpec { Seconds = (nint)(time.Ticks / TimeSpan.TicksPerSecond), Nanoseconds = (nint)(time.Ticks % TimeSpan.TicksPerSecond * 100) };
            _ = NanoSleep(request, 0);
        }
        else
        {
            Thread.Sleep(time);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec request, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
