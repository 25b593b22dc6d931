using System.Globalization;

namespace Chat.Actors.Agents;

/// <summary>
/// Cuts a text that arrives in pieces into chunks of whole graphemes. The last grapheme is held back until more text or the end comes: it may
/// still grow (an emoji's joiner, a combining mark, a jamo, LF after CR, the other half of a surrogate pair). Where the chunks are cut
/// does not depend on how the text was split into pieces, as long as only full chunks are taken.
/// </summary>
internal sealed class GraphemeChunker(int size)
{
    /// <summary>A grapheme longer than this is cut between scalars, so that an endless one is not held for ever. The longest emoji sequences have 10.</summary>
    public const int MaxScalars = 64;

    // A chunk of decorated letters is full before it has its graphemes: one event stays within 16 KiB of UTF-8.
    private const int MaxUnits = 4096;

    // UTF-16 units in which an over-long grapheme shows itself: 65 scalars, and half a pair at the end.
    private const int Window = (2 * MaxScalars) + 3;

    private char[] _buffer = new char[256];
    private int _start;
    private int _scanned;
    private int _end;
    private bool _ended;

    /// <summary>Whole graphemes that <see cref="Take"/> would give now; never more than the size.</summary>
    public int Ready { get; private set; }

    public bool IsFull => Ready >= size || _scanned - _start >= MaxUnits;

    /// <summary>U+0000 and lone surrogates, which no event may hold, become U+FFFD.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }
        MakeRoom(text.Length);
        var from = _end > _scanned && char.IsHighSurrogate(_buffer[_end - 1]) ? _end - 1 : _end;
        text.CopyTo(_buffer.AsSpan(_end));
        _end += text.Length;
        Repair(from);
        Scan();
    }

    /// <summary>No more text comes: nothing is held back any longer.</summary>
    public void Complete()
    {
        _ended = true;
        if (_end > _scanned && char.IsHighSurrogate(_buffer[_end - 1]))
        {
            _buffer[_end - 1] = '\ufffd';
        }
        Scan();
    }

    /// <summary>The graphemes that are ready; empty where there are none.</summary>
    public string Take()
    {
        var chunk = new string(_buffer, _start, _scanned - _start);
        _start = _scanned;
        Ready = 0;
        Scan();
        return chunk;
    }

    // A boundary depends on what stands before it and on one scalar after it, so a grapheme is whole once a whole scalar follows it.
    private void Scan()
    {
        var known = !_ended && _end > _scanned && char.IsHighSurrogate(_buffer[_end - 1]) ? _end - 1 : _end;
        while (!IsFull && _scanned < known)
        {
            var rest = _buffer.AsSpan(_scanned, Math.Min(known - _scanned, Window));
            var length = StringInfo.GetNextTextElementLength(rest);
            var cut = UnitsOf(rest[..length]);
            if (cut == length && _scanned + length == known && !_ended)
            {
                return;
            }
            _scanned += cut;
            Ready++;
        }
    }

    private static int UnitsOf(ReadOnlySpan<char> grapheme)
    {
        var units = 0;
        for (var scalars = 0; scalars < MaxScalars && units < grapheme.Length; scalars++)
        {
            units += char.IsHighSurrogate(grapheme[units]) && units + 1 < grapheme.Length ? 2 : 1;
        }
        return units;
    }

    private void Repair(int from)
    {
        var added = _buffer.AsSpan(from, _end - from);
        if (!added.Contains('\0') && !added.ContainsAnyInRange('\ud800', '\udfff'))
        {
            return;
        }
        for (var i = 0; i < added.Length; i++)
        {
            if (char.IsHighSurrogate(added[i]))
            {
                if (i + 1 == added.Length)
                {
                    return;
                }
                if (char.IsLowSurrogate(added[i + 1]))
                {
                    i++;
                    continue;
                }
            }
            if (added[i] == '\0' || char.IsSurrogate(added[i]))
            {
                added[i] = '\ufffd';
            }
        }
    }

    private void MakeRoom(int units)
    {
        if (_end + units <= _buffer.Length)
        {
            return;
        }
        var held = _end - _start;
        var target = held + units <= _buffer.Length ? _buffer : new char[Math.Max(held + units, 2 * _buffer.Length)];
        Array.Copy(_buffer, _start, target, 0, held);
        (_buffer, _scanned, _end, _start) = (target, _scanned - _start, held, 0);
    }
}
