using System.Text;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>An answer that waits or is being written.</summary>
public sealed class Run
{
    public required MessageId MessageId { get; init; }

    /// <summary>0 where an outside user streams it.</summary>
    public int AgentId { get; init; }

    public required string SenderId { get; init; }
    public required string SenderName { get; init; }
    public MessageId PromptId { get; init; }
    public string? StreamedBy { get; init; }

    /// <summary>Seq of its <see cref="StreamStarted"/>; 0 while it waits.</summary>
    public long StartSeq { get; set; }

    public DateTimeOffset StartedAt { get; set; }
    public int Epoch { get; set; }

    /// <summary>Where it is written; null while it waits, and where that is not known.</summary>
    public string? Node { get; set; }

    public int NextIndex { get; set; }
    public StringBuilder Text { get; } = new();
    public bool IsRunning => StartSeq > 0;

    public OpenRun ToView() => new(MessageId, AgentId, SenderName, PromptId, StartSeq, Epoch, StreamedBy, Text.ToString(), NextIndex) { Node = Node };
}
