using System.Collections.Concurrent;

namespace Chat.Bench.Load;

/// <summary>One session of the server, or one group of a baseline, and who is in it.</summary>
internal sealed class Room(int number, int firstMember)
{
    private readonly ConcurrentDictionary<(int Sender, int Index), bool> _refused = [];

    public int Number => number;

    /// <summary>Number of its first member among all of the run.</summary>
    public int FirstMember => firstMember;

    public Member[] Members { get; set; } = [];

    /// <summary>How the face's addresses name it: the session's id, code, channel or room.</summary>
    public string Name { get; set; } = $"room-{number}";

    /// <summary>Members who count a delivery; an agent's own socket does not.</summary>
    public int Receivers { get; set; }

    /// <summary>Of the next message that a first receiver is shown. The event loop's.</summary>
    public long NextRank { get; set; }

    public void Refuse(int sender, int index) => _refused[(sender, index)] = true;

    public bool IsRefused(int sender, int index) => _refused.ContainsKey((sender, index));
}
