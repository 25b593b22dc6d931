using System.Buffers;

namespace Chat.Protocol;

/// <summary>The short name by which people join a session, exactly as it was issued: 6 characters that nobody takes for one another.</summary>
public static class SessionCode
{
    public const string Alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    public const int Length = 6;

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    /// <summary>What is not in this form was never issued.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text) => text.Length == Length && !text.ContainsAnyExcept(Characters);
}
