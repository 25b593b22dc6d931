using System.Text.Json;

namespace Chat.Protocol;

/// <summary>
/// The list that one room shows (seed 002): its last messages, as of one seq of the log. Shared by all readers of the room: the list is encoded once after
/// each change, however many they are. Any thread may call it.
/// </summary>
public sealed class RoomCodec(string roomId) : FaceCodec
{
    /// <summary>Messages of a list.</summary>
    public const int Shown = 50;

    /// <summary>Messages at hand, so that some may be deleted before history has to be read for those that move up.</summary>
    public const int Kept = 100;

    /// <summary>
    /// Bytes of the messages at hand, and so of a list; beyond it the oldest leave. Fifty of the longest messages of people fit, were every character escaped
    /// (6 * 20,000 and 8,192 of metadata each: 6.4 million); ten times as long answers of agents do not.
    /// </summary>
    private const int MostBytes = 8_000_000;

    private static readonly int Slot = NewIndex();

    private readonly Lock _gate = new();

    /// <summary>Oldest first.</summary>
    private readonly List<Entry> _messages = [];

    private int _bytes;

    /// <summary>History has messages before these.</summary>
    private bool _hasOlder;

    /// <summary>Seq of the last event that changed the messages at hand, or up to which they were loaded.</summary>
    private long _changedAt;

    private long? _upTo;
    private Frame? _list;

    public override int Index => Slot;

    public override bool NewestOnly => true;

    public override bool EndsWithArchive => true;

    /// <summary>Seq of the log that the list shows; null where it has to be loaded.</summary>
    public long? UpTo
    {
        get
        {
            lock (_gate)
            {
                return _upTo;
            }
        }
    }

    /// <summary>The list as of <see cref="UpTo"/>; null where it has to be loaded. The same frame until a message changes.</summary>
    public (Frame List, bool IsEmpty, long UpTo)? Current
    {
        get
        {
            lock (_gate)
            {
                return _upTo is { } upTo ? (List(), _messages.Count == 0, upTo) : null;
            }
        }
    }

    /// <summary>Sets the list, unless it shows as much already.</summary>
    /// <param name="newest">Not deleted, oldest first, none above <paramref name="upTo"/>. An edit or a deletion above it may show in them already.</param>
    /// <param name="hasOlder">There may be messages before them.</param>
    public void Load(IReadOnlyList<RoomMessage> newest, long upTo, bool hasOlder)
    {
        lock (_gate)
        {
            if (_upTo >= upTo)
            {
                return;
            }
            _messages.Clear();
            (_bytes, _hasOlder) = (0, hasOlder);
            foreach (var message in newest)
            {
                Add(message);
            }
            (_upTo, _changedAt, _list) = (upTo, upTo, null);
        }
    }

    /// <summary>Takes the log's next event in; one that it has taken in already changes nothing. False where the list has to be loaded first, or read on.</summary>
    public bool TryApply(long seq, SessionEvent e)
    {
        lock (_gate)
        {
            if (_upTo >= seq)
            {
                return true;
            }
            if (_upTo != seq - 1)
            {
                return false;
            }
            if (Change(e))
            {
                (_changedAt, _list) = (seq, null);
            }
            // So many are gone that older ones move up, which only history has.
            _upTo = e is MessageDeleted && _messages.Count < Shown && _hasOlder ? null : seq;
            return _upTo is not null;
        }
    }

    /// <exception cref="InvalidOperationException">The list does not follow: a reader has to have it brought up first.</exception>
    public override Frame? Encode(long seq, long previous, SessionEvent e)
    {
        lock (_gate)
        {
            if (!TryApply(seq, e))
            {
                throw new InvalidOperationException($"The list stands at {_upTo} and cannot take {seq} in");
            }
            return _changedAt >= seq ? List() : null;
        }
    }

    /// <summary>Whether it changes the list.</summary>
    private bool Change(SessionEvent e)
    {
        var firstShown = _messages.Count - Shown;
        switch (e)
        {
            case MessageEdited edited when Find(edited.MessageId) is var i and >= 0:
                _bytes -= _messages[i].Json.Length;
                _messages[i] = new Entry(_messages[i].Message with { Content = edited.Content }, roomId);
                _bytes += _messages[i].Json.Length;
                return Trim() || i >= firstShown;
            case MessageDeleted deleted when Find(deleted.MessageId) is var i and >= 0:
                _bytes -= _messages[i].Json.Length;
                _messages.RemoveAt(i);
                return i >= firstShown;
            default:
                return RoomMessage.Of(e) is { } message && Add(message);
        }
    }

    /// <summary>False for an answer that was stopped before its first word: it is nothing to be shown here.</summary>
    private bool Add(RoomMessage message)
    {
        if (message.Content.Length == 0)
        {
            return false;
        }
        var entry = new Entry(message, roomId);
        _messages.Add(entry);
        _bytes += entry.Json.Length;
        Trim();
        return true;
    }

    /// <summary>Whether any left.</summary>
    private bool Trim()
    {
        var before = _messages.Count;
        while (_messages.Count > Kept || (_bytes > MostBytes && _messages.Count > 1))
        {
            _bytes -= _messages[0].Json.Length;
            _messages.RemoveAt(0);
            _hasOlder = true;
        }
        return _messages.Count < before;
    }

    private int Find(MessageId id) => _messages.FindLastIndex(entry => entry.Message.Id == id);

    private Frame List() => _list ??= JsonFrame.Write("messages", _messages, static (w, messages) =>
    {
        w.WriteStartArray("messages"u8);
        for (var i = Math.Max(0, messages.Count - Shown); i < messages.Count; i++)
        {
            w.WriteRawValue(messages[i].Json, skipInputValidation: true);
        }
        w.WriteEndArray();
    });

    /// <summary>A message and its JSON; the content is in the latter alone.</summary>
    private readonly record struct Entry
    {
        public Entry(RoomMessage message, string roomId)
        {
            Json = message.Encode(roomId);
            Message = message with { Content = "" };
        }

        public RoomMessage Message { get; }
        public byte[] Json { get; }
    }
}
