using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Chat.Host.Auth;

/// <summary>Who is calling, as a token or ticket proved it.</summary>
/// <param name="Name">The token's name, else the user id.</param>
/// <param name="ExpiresAt">The token's <c>exp</c>, without the clock skew; may lie centuries ahead, so a timer must cap it.</param>
public sealed record Identity(string UserId, string Name, Roles Roles, DateTimeOffset ExpiresAt)
{
    public const int MaxLength = 100;

    public bool IsAdmin => Roles.HasFlag(Roles.Admin);

    public bool IsAgent => Roles.HasFlag(Roles.Agent);

    /// <summary>1 to 100 Unicode scalar values, not only white space, no control characters, no lone surrogates.</summary>
    public static bool IsUserId([NotNullWhen(true)] string? value) =>
        !string.IsNullOrWhiteSpace(value) && IsClean(value) && value.EnumerateRunes().Count() <= MaxLength;

    /// <summary>The shown name: <paramref name="claim"/> cut to 100 scalar values, or the user id where the claim is blank or holds control characters.</summary>
    public static string NameOr(string? claim, string userId)
    {
        if (string.IsNullOrWhiteSpace(claim) || !IsClean(claim))
            return userId;
        var length = 0;
        foreach (var rune in claim.EnumerateRunes().Take(MaxLength))
            length += rune.Utf16SequenceLength;
        return claim[..length];
    }

    /// <summary>For minimal API handlers: a parameter of this type is the caller that <c>RequireIdentity</c> let in.</summary>
    public static ValueTask<Identity?> BindAsync(HttpContext context) => new(context.GetIdentity());

    private static bool IsClean(string value)
    {
        for (var rest = value.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out var used) != OperationStatus.Done || Rune.IsControl(rune))
                return false;
            rest = rest[used..];
        }
        return true;
    }
}
