using System.Globalization;
using System.Text;

namespace Chat.Protocol;

/// <summary>A participant's shown name: 2 to 20 characters after trimming and NFC, letters of any script with their marks, digits and spaces (seed 000).</summary>
public static class Nickname
{
    public const int Shortest = 2;
    public const int Longest = 20;

    private static readonly Rejected TooShort = new(ErrorCode.BadField, "닉네임은 2글자 이상이어야 합니다.");
    private static readonly Rejected TooLong = new(ErrorCode.BadField, "닉네임은 20글자 이하여야 합니다.");
    private static readonly Rejected BadCharacter = new(ErrorCode.BadField, "닉네임은 한글, 영문, 숫자, 공백만 사용할 수 있습니다.");

    /// <summary>The nickname in the form in which it is stored, or why it is none.</summary>
    public static string? Read(string text, out Rejected? rejected)
    {
        // Anything longer is refused before work is done on it.
        rejected = text.Length > 1000 ? TooLong : Limits.CountScalars(text) < 0 || HasNoncharacter(text) ? BadCharacter : null;
        if (rejected is not null)
        {
            return null;
        }
        var name = text.Trim().Normalize(NormalizationForm.FormC);
        rejected = Limits.CountScalars(name) switch
        {
            < Shortest => TooShort,
            > Longest => TooLong,
            _ when !IsAllowed(name) => BadCharacter,
            _ => null,
        };
        return rejected is null ? name : null;
    }

    /// <summary>Equal for what readers would take for the same name: other code points, other case, other spaces.</summary>
    public static string KeyOf(string nickname) =>
        string.Join(' ', nickname.Normalize(NormalizationForm.FormKC).ToUpperInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Such as U+FFFE, over which normalisation fails.</summary>
    private static bool HasNoncharacter(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNotAssigned)
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsAllowed(string name)
    {
        var hasBase = false;
        foreach (var rune in name.EnumerateRunes())
        {
            if (IsInvisible(rune.Value))
            {
                return false;
            }
            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                    or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber:
                    hasBase = true;
                    break;
                // A mark without a letter before it would be drawn over whatever stands before the name.
                case UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark when hasBase:
                    break;
                case UnicodeCategory.SpaceSeparator when rune.Value == ' ':
                    hasBase = false;
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Letters and marks that nobody sees (Default_Ignorable_Code_Point among L and M in Unicode's DerivedCoreProperties): Hangul and Khmer fillers, the
    /// grapheme joiner, variation selectors. With them a name could be blank, or look like another's.
    /// </summary>
    private static bool IsInvisible(int scalar) => scalar is
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0100 and <= 0xE01EF);
}
