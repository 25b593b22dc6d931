using System.Diagnostics;
using Chat.Bench.Clients;
using Chat.Bench.Measure;

namespace Chat.Bench.Load;

/// <summary>A thread that does things when they are due, and is told nothing of whether the server keeps up: so a slow answer delays no other send.</summary>
internal sealed class Pacer : IDisposable
{
    /// <summary>What is added while it sleeps waits no longer.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<Action<long>, long> _due = new();
    private readonly Thread _thread;
    private volatile bool _isStopped;

    public Pacer()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "pacer" };
        _thread.Start();
    }

    /// <summary>How late it was itself. Its thread's.</summary>
    public Histogram Lateness { get; } = new();

    /// <param name="due">As <see cref="Stopwatch.GetTimestamp"/>; the action is told it.</param>
    public void At(long due, Action<long> act)
    {
        lock (_gate)
        {
            _due.Enqueue(act, due);
        }
    }

    /// <summary>Returns when nothing is under way any more.</summary>
    public void Dispose()
    {
        _isStopped = true;
        _thread.Join();
    }

    private void Run()
    {
        while (!_isStopped)
        {
            var now = Stopwatch.GetTimestamp();
            Action<long>? act = null;
            long due;
            lock (_gate)
            {
                if (_due.TryPeek(out _, out due) && due <= now)
                {
                    act = _due.Dequeue();
                }
                else if (_due.Count == 0)
                {
                    due = long.MaxValue;
                }
            }
            if (act is not null)
            {
                Lateness.Record(Histogram.Nanoseconds(now - due));
                act(due);
            }
            else
            {
                var wait = due == long.MaxValue ? LongestSleep : Stopwatch.GetElapsedTime(now, due);
                EventLoop.Sleep(wait < LongestSleep ? wait : LongestSleep);
            }
        }
    }
}
