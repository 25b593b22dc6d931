using System.Text;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Support;

/// <summary>
/// A session as a client of the native face puts it together over all its connections, which holds every frame against the rules of delivery:
/// no hole, no repeat, in order. <see cref="OfLog"/> puts the same together from the log, a second way.
/// </summary>
internal sealed class Transcript
{
    private readonly Dictionary<string, StringBuilder> _streams = [];
    private readonly Dictionary<string, int> _chunks = [];

    /// <summary>Lines in the order in which a reader came to know what they say; an answer stands where it ended.</summary>
    public List<string> Lines { get; } = [];

    /// <summary>What the client would come back with.</summary>
    public long Cursor { get; set; }

    /// <summary>Holes are told by a <c>prev</c> above the cursor.</summary>
    public void Add(NativeFrame frame)
    {
        if (frame.Is("synced"))
        {
            Assert.True(frame.Seq >= Cursor, $"synced goes back from {Cursor}: {frame}");
            Cursor = frame.Seq!.Value;
        }
        if (!frame.IsStored)
        {
            return;
        }
        Assert.True(frame.Seq > Cursor, $"Repeated, the cursor is {Cursor}: {frame}");
        Assert.True(frame.Prev <= Cursor, $"A hole, the cursor is {Cursor}: {frame}");
        Cursor = frame.Seq!.Value;
        var id = frame.OptionalText("message_id") ?? "";
        switch (frame.Type)
        {
            case "message":
                Assert.False(_streams.ContainsKey(id), $"The answer was begun and came whole as well: {frame}");
                Lines.Add(Line(Cursor, frame.OptionalText("status") ?? "message", id, frame.Text("content")));
                break;
            case "stream_start":
                Assert.True(_streams.TryAdd(id, new StringBuilder()), $"Begun twice: {frame}");
                _chunks[id] = 0;
                break;
            case "stream_chunk":
                Assert.True(_streams.ContainsKey(id), $"A chunk of what was not begun: {frame}");
                Assert.Equal(_chunks[id]++, frame.Number("index"));
                _streams[id].Append(frame.Text("content"));
                break;
            case "stream_end":
                Assert.True(_streams.Remove(id, out var text), $"The end of what was not begun: {frame}");
                Lines.Add(Line(Cursor, frame.Text("status"), id, text.ToString()));
                break;
            default:
                Lines.Add(Line(Cursor, frame.Event ?? frame.Type, id, frame.OptionalText("content") ?? ""));
                break;
        }
    }

    public void AddAll(IEnumerable<NativeFrame> frames)
    {
        foreach (var frame in frames)
        {
            Add(frame);
        }
    }

    public static IReadOnlyList<string> OfLog(IEnumerable<StoredEvent> log, long since = 0)
    {
        var lines = new List<string>();
        foreach (var stored in log.Where(e => e.Seq > since))
        {
            var line = stored.Event switch
            {
                MessagePosted m => Line(stored.Seq, "message", m.MessageId.Value, m.Content),
                StreamEnded s => Line(stored.Seq, s.Status, s.MessageId.Value, s.Content),
                MessageEdited m => Line(stored.Seq, "message_edited", m.MessageId.Value, m.Content),
                MessageDeleted m => Line(stored.Seq, "message_deleted", m.MessageId.Value, ""),
                ReactionChanged r => Line(stored.Seq, "reaction", r.MessageId.Value, ""),
                TitleChanged => Line(stored.Seq, "title_changed", "", ""),
                SessionArchived => Line(stored.Seq, "session_archived", "", ""),
                SessionRestored => Line(stored.Seq, "session_restored", "", ""),
                _ => null,
            };
            if (line is not null)
            {
                lines.Add(line);
            }
        }
        return lines;
    }

    private static string Line(long seq, string what, string id, string text) => $"{seq} {what} {id} {text}";
}
