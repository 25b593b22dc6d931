namespace Chat.Actors.Persistence;

/// <summary>What becomes of one log's appends in a group, given its head.</summary>
internal sealed class LogPlan(string log)
{
    private readonly List<(PendingAppend Append, AppendResult Result)> appends = [];
    private readonly HashSet<AppendChain> broken = [];

    public string Log => log;

    /// <summary>The head that the rows to insert follow.</summary>
    public long Base { get; private set; }

    public int Rows { get; private set; }

    public IEnumerable<PendingAppend> Accepted => appends.Where(item => item.Result == AppendResult.Committed).Select(item => item.Append);

    public void Add(PendingAppend append) => appends.Add((append, AppendResult.Broken));

    /// <param name="head">Null: not known, taken on trust from the first append; what is decided stands if its rows can be inserted on that head.</param>
    public void Decide(long? head)
    {
        broken.Clear();
        var next = head ?? appends.FirstOrDefault(item => !item.Append.Chain.IsBroken).Append?.ExpectedHead ?? 0;
        Base = next;
        for (var i = 0; i < appends.Count; i++)
        {
            var append = appends[i].Append;
            var result = append.Chain.IsBroken || broken.Contains(append.Chain) ? AppendResult.Broken
                : append.ExpectedHead == next ? AppendResult.Committed
                : AppendResult.Conflict;
            if (result == AppendResult.Conflict)
            {
                broken.Add(append.Chain);
            }
            if (result == AppendResult.Committed)
            {
                next += append.Rows.Length;
            }
            appends[i] = (append, result);
        }
        Rows = (int)(next - Base);
    }

    /// <summary>Another writer was faster, again and again.</summary>
    public void Refuse() => Decide(-1);

    /// <summary>After the commit.</summary>
    public void Settle()
    {
        foreach (var (append, result) in appends)
        {
            append.Result = result;
        }
    }

    /// <summary>The plans of a group, undecided, in the one order of logs that all nodes use, so that none waits for another in a circle.</summary>
    public static List<LogPlan> Of(IEnumerable<PendingWrite> group)
    {
        var logs = new Dictionary<string, LogPlan>(StringComparer.Ordinal);
        foreach (var append in group.OfType<PendingAppend>())
        {
            if (!logs.TryGetValue(append.Chain.Log, out var plan))
            {
                logs.Add(append.Chain.Log, plan = new LogPlan(append.Chain.Log));
            }
            plan.Add(append);
        }
        var plans = logs.Values.ToList();
        plans.Sort(static (a, b) => string.CompareOrdinal(a.Log, b.Log));
        return plans;
    }
}
