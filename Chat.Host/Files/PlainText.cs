using System.Buffers;
using System.Text.Unicode;

namespace Chat.Host.Files;

/// <summary>
/// Whether bytes are plain text, told as they come: UTF-8 throughout, no control character but tab, line ends and form feed, and a first character (after a
/// byte order mark and white space) that opens neither markup nor a script: <c>&lt;</c> before a letter, <c>!</c>, <c>?</c>, <c>/</c> or <c>%</c>, and <c>#!</c>.
/// </summary>
internal sealed class PlainText
{
    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Where(b => b is not ('\t' or '\n' or '\r' or '\f')).Select(b => (byte)b), 0x7f]);

    private readonly byte[] _carried = new byte[4];
    private int _carriedCount;
    private long _count;
    private Opening _opening = Opening.ToCome;

    private enum Opening
    {
        ToCome,
        AfterAngle,
        AfterHash,
        Harmless,
    }

    /// <summary>No bytes that follow can mend it.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>All bytes have come.</summary>
    public bool IsWhole => !IsBroken && _carriedCount == 0;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (IsBroken)
        {
            return;
        }
        Open(bytes);
        _count += bytes.Length;
        while (_carriedCount > 0 && !bytes.IsEmpty && !IsBroken)
        {
            _carried[_carriedCount++] = bytes[0];
            bytes = bytes[1..];
            if (_carriedCount == LengthOf(_carried[0]))
            {
                Check(_carried.AsSpan(0, _carriedCount));
                _carriedCount = 0;
            }
        }
        var begun = Unfinished(bytes);
        Check(bytes[..^begun]);
        bytes[^begun..].CopyTo(_carried.AsSpan(_carriedCount));
        _carriedCount += begun;
    }

    private void Open(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length && _opening != Opening.Harmless && !IsBroken; i++)
        {
            var b = bytes[i];
            switch (_opening)
            {
                case Opening.ToCome when b is (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)' ' || IsMark(b, _count + i):
                    break;
                case Opening.ToCome:
                    _opening = b switch { (byte)'<' => Opening.AfterAngle, (byte)'#' => Opening.AfterHash, _ => Opening.Harmless };
                    break;
                case Opening.AfterAngle:
                    IsBroken = char.IsAsciiLetter((char)b) || b is (byte)'!' or (byte)'?' or (byte)'/' or (byte)'%';
                    _opening = Opening.Harmless;
                    break;
                default:
                    IsBroken = b == '!';
                    _opening = Opening.Harmless;
                    break;
            }
        }
    }

    private static bool IsMark(byte b, long place) => place switch { 0 => b == 0xef, 1 => b == 0xbb, 2 => b == 0xbf, _ => false };

    /// <summary>Bytes that are characters up to the last.</summary>
    private void Check(ReadOnlySpan<byte> bytes)
    {
        IsBroken |= bytes.ContainsAny(Controls) || !Utf8.IsValid(bytes);
        // U+0080 to U+009F are C2 80 to C2 9F.
        for (var at = bytes.IndexOf((byte)0xc2); at >= 0 && !IsBroken; at = bytes.IndexOf((byte)0xc2))
        {
            IsBroken = bytes[at + 1] < 0xa0;
            bytes = bytes[(at + 2)..];
        }
    }

    /// <summary>Bytes at the end of a character whose rest is to come.</summary>
    private static int Unfinished(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            if ((bytes[^back] & 0xc0) != 0x80)
            {
                return LengthOf(bytes[^back]) > back ? back : 0;
            }
        }
        return 0;
    }

    private static int LengthOf(byte lead) => lead switch { < 0xc0 => 1, < 0xe0 => 2, < 0xf0 => 3, _ => 4 };
}
