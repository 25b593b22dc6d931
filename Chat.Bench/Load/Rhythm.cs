using System.Diagnostics;

namespace Chat.Bench.Load;

/// <summary>When the messages of a steady rate are due that is reached over a ramp.</summary>
internal readonly struct Rhythm(double perSecond, TimeSpan ramp)
{
    /// <param name="number">Of the message, from 0 on.</param>
    /// <returns>Ticks of <see cref="Stopwatch"/> after the beginning.</returns>
    public long Due(long number)
    {
        // While the rate rises evenly, rate * t^2 / (2 * ramp) messages are due after t seconds.
        var inRamp = perSecond * ramp.TotalSeconds / 2;
        var seconds = number < inRamp ? Math.Sqrt(2 * ramp.TotalSeconds * number / perSecond) : ramp.TotalSeconds + ((number - inRamp) / perSecond);
        return (long)(seconds * Stopwatch.Frequency);
    }
}
