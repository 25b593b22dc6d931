using System.CommandLine;

namespace Chat.Bench.Growth;

/// <summary><c>growth</c>: what a delivery costs when one thing becomes more.</summary>
internal static class GrowthCommand
{
    public static Command Create() => new("growth", "How cost grows with one thing, step by step, each on a server of its own unless its curve says otherwise")
    {
        new MembersCurve().Create(),
        new SessionsCurve().Create(),
        new ConnectionsCurve().Create(),
        new HistoryCurve().Create(),
        new SearchCurve().Create(),
        new ListsCurve().Create(),
        new NodesCurve().Create(),
        new StreamsCurve().Create(),
    };
}
