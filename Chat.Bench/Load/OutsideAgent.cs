using Chat.Bench.Faces;

namespace Chat.Bench.Load;

/// <summary>Writes one answer after the other through its own socket, a chunk each period. The pacer's thread drives it.</summary>
/// <param name="period">Between two chunks, in ticks, as is the delay before an answer's first.</param>
internal sealed class OutsideAgent(LoadRun run, Member member, int tokens, long period, long firstDelay)
{
    private readonly StreamFace _face = (StreamFace)run.Face;

    public void Begin(long due) => run.Pacer.At(due, Start);

    private void Start(long due)
    {
        if (!run.IsStopped)
        {
            _face.Start(member, member.Posted);
            run.Pacer.At(due + firstDelay, Say);
        }
    }

    private void Say(long due)
    {
        if (run.IsStopped)
        {
            return;
        }
        var index = member.Posted;
        member.Post(due);
        if ((index + 1) % tokens == 0)
        {
            _face.End(member, index);
            run.Pacer.At(due + period + run.ThinkTicks(), Start);
        }
        else
        {
            run.Pacer.At(due + period, Say);
        }
    }
}
