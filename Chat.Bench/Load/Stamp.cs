namespace Chat.Bench.Load;

/// <summary>
/// What each message carries at the beginning of its content: who sent it as which of its messages, and when it was due. Letters alone, so that every encoding of
/// every face leaves it as it is, and receivers find it by its marker instead of parsing JSON.
/// </summary>
/// <param name="Sender">Number of the sending member among all of the run.</param>
/// <param name="Index">Number of the message among its sender's; <see cref="Probe"/> for one that only asks who is there.</param>
/// <param name="Due">When it should have been sent, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>, whose receivers are in this process.</param>
internal readonly record struct Stamp(int Sender, int Index, long Due)
{
    public const int Probe = 0xfff_ffff;

    /// <summary>16 letters of a run's own, unlike anything that a server writes by itself.</summary>
    public const int MarkerLength = 16;

    /// <summary>The marker, 5 letters of the sender, 7 of the index, 16 of the time; 4 bits to a letter.</summary>
    public const int Length = MarkerLength + 5 + 7 + 16;

    public const int IdLength = 12;

    public static byte[] NewMarker()
    {
        var marker = new byte[MarkerLength];
        Write(marker, Random.Shared.NextInt64());
        // Small letters, which the numbers do not use.
        return [.. marker.Select(letter => (byte)(letter + 32))];
    }

    public void Write(Span<byte> target, ReadOnlySpan<byte> marker)
    {
        marker.CopyTo(target);
        WriteId(target[MarkerLength..]);
        Write(target[(MarkerLength + IdLength)..Length], Due);
    }

    /// <summary>Sender and index, which make a message's client id.</summary>
    public void WriteId(Span<byte> target)
    {
        Write(target[..5], Sender);
        Write(target[5..IdLength], Index);
    }

    /// <param name="text">After the marker.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, out Stamp stamp)
    {
        stamp = default;
        if (text.Length < Length - MarkerLength || !TryReadId(text, out var sender, out var index))
        {
            return false;
        }
        stamp = new Stamp(sender, index, Read(text[IdLength..(Length - MarkerLength)]));
        return true;
    }

    public static bool TryReadId(ReadOnlySpan<byte> text, out int sender, out int index)
    {
        (sender, index) = (0, 0);
        if (text.Length < IdLength || text[..IdLength].ContainsAnyExceptInRange((byte)'A', (byte)'P'))
        {
            return false;
        }
        (sender, index) = ((int)Read(text[..5]), (int)Read(text[5..IdLength]));
        return true;
    }

    private static void Write(Span<byte> target, long number)
    {
        for (var i = target.Length - 1; i >= 0; i--, number >>= 4)
        {
            target[i] = (byte)('A' + (number & 15));
        }
    }

    private static long Read(ReadOnlySpan<byte> letters)
    {
        var number = 0L;
        foreach (var letter in letters)
        {
            number = (number << 4) | (uint)(letter - 'A');
        }
        return number;
    }
}
