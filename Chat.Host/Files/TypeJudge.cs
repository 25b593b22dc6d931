namespace Chat.Host.Files;

/// <summary>
/// Judges a file's media type by its bytes alone, as they come. What follows a file of a binary type (a PNG that is a ZIP or a script too) is not looked at: such
/// a file is harmless by how it is served, never under another type than the one judged here.
/// </summary>
internal sealed class TypeJudge
{
    private readonly byte[] _head = new byte[Signatures.HeadLength];
    private readonly PlainText _text = new();
    private int _headLength;
    private long _length;

    /// <summary>Whatever follows, it is of no type that the server knows.</summary>
    public bool IsHopeless => _headLength == _head.Length && _text.IsBroken && Signatures.Find(_head, long.MaxValue) is null;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var head = bytes[..Math.Min(bytes.Length, _head.Length - _headLength)];
        head.CopyTo(_head.AsSpan(_headLength));
        _headLength += head.Length;
        _length += bytes.Length;
        _text.Add(bytes);
    }

    /// <summary>Of all that has come; null where it is none that the server knows.</summary>
    public string? Verdict() =>
        _length == 0 ? null : Signatures.Find(_head.AsSpan(0, _headLength), _length) ?? (_text.IsWhole ? MediaType.Text : null);
}
