using System.Buffers.Binary;

namespace Chat.Protocol;

/// <summary>A UUIDv7 in 22 characters of 0-9A-Za-z, fixed in width, so that ordinal order is time order.</summary>
public static class TimeOrderedId
{
    /// <summary>62^22 exceeds 2^128, 62^21 does not.</summary>
    public const int Length = 22;

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string New(string prefix) => Encode(prefix, Guid.CreateVersion7());

    public static string Encode(string prefix, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<char> text = stackalloc char[Length];
        for (var i = Length - 1; i >= 0; i--)
        {
            (value, var digit) = UInt128.DivRem(value, 62);
            text[i] = Digits[(int)digit];
        }
        return string.Concat(prefix, text);
    }
}
