using System.Buffers.Binary;

namespace Chat.Protocol;

/// <summary>A UUIDv7 in 22 characters of 0-9A-Za-z, fixed in width, so that ordinal order is time order.</summary>
public static class TimeOrderedId
{
    /// <summary>62^22 exceeds 2^128, 62^21 does not.</summary>
    public const int Length = 22;

    /// <summary>62^10, the most digits that fit a 64-bit number: those are divided by 62 in one multiplication.</summary>
    private const ulong TenDigits = 839_299_365_868_340_224;

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string New(string prefix) => Encode(prefix, Guid.CreateVersion7());

    public static string Encode(string prefix, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<char> text = stackalloc char[Length];
        (value, var low) = UInt128.DivRem(value, TenDigits);
        var (high, middle) = UInt128.DivRem(value, TenDigits);
        Write((ulong)high, text[..2]);
        Write((ulong)middle, text[2..12]);
        Write((ulong)low, text[12..]);
        return string.Concat(prefix, text);
    }

    private static void Write(ulong value, Span<char> text)
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 62);
            text[i] = Digits[(int)digit];
        }
    }
}
