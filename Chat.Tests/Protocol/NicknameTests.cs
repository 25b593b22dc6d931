using System.Text;
using Chat.Protocol;

namespace Chat.Tests.Protocol;

public sealed class NicknameTests
{
    [Theory]
    [InlineData("민아")]
    [InlineData("Mina 2")]
    [InlineData("Ωμέγα")]
    [InlineData("नमस्ते")]
    [InlineData("𠮷野家")]
    public void Letters_of_any_script_marks_digits_and_spaces_are_taken(string name) => Assert.Equal(name.Normalize(), Nickname.Read(name, out _));

    [Theory]
    [InlineData("  민아\u3000\t", "민아")]
    [InlineData("\u1106\u1175\u11AB\u110B\u1161", "민아")]
    [InlineData("e\u0301va", "éva")]
    public void It_is_stored_trimmed_and_in_NFC(string text, string stored) => Assert.Equal(stored, Nickname.Read(text, out _));

    [Theory]
    [InlineData("", "닉네임은 2글자 이상이어야 합니다.")]
    [InlineData(" 민 ", "닉네임은 2글자 이상이어야 합니다.")]
    [InlineData("123456789012345678901", "닉네임은 20글자 이하여야 합니다.")]
    [InlineData("mina!", "닉네임은 한글, 영문, 숫자, 공백만 사용할 수 있습니다.")]
    [InlineData("mi_na", "닉네임은 한글, 영문, 숫자, 공백만 사용할 수 있습니다.")]
    [InlineData("mina😀", "닉네임은 한글, 영문, 숫자, 공백만 사용할 수 있습니다.")]
    public void What_is_no_nickname_is_refused_in_the_seeds_words(string text, string why)
    {
        Assert.Null(Nickname.Read(text, out var rejected));
        Assert.Equal((ErrorCode.BadField, why), (rejected!.Code, rejected.Text));
    }

    [Theory]
    [InlineData(0x0000, "U+0000")]
    [InlineData(0x200B, "zero width space")]
    [InlineData(0x200D, "zero width joiner")]
    [InlineData(0x202E, "right-to-left override")]
    [InlineData(0x2066, "isolate")]
    [InlineData(0xFEFF, "byte order mark")]
    [InlineData(0x00AD, "soft hyphen")]
    [InlineData(0x00A0, "no-break space")]
    [InlineData(0x000A, "line feed")]
    [InlineData(0x3164, "Hangul filler")]
    [InlineData(0x115F, "Hangul choseong filler")]
    [InlineData(0xFFA0, "halfwidth Hangul filler")]
    [InlineData(0x034F, "grapheme joiner")]
    [InlineData(0xFE0F, "variation selector")]
    [InlineData(0xE0101, "variation selector")]
    [InlineData(0x180B, "Mongolian variation selector")]
    [InlineData(0x17B5, "Khmer inherent vowel")]
    [InlineData(0xE000, "private use")]
    [InlineData(0xFFFE, "noncharacter")]
    [InlineData(0xFFFF, "noncharacter")]
    [InlineData(0x1FFFE, "noncharacter")]
    public void What_nobody_sees_stands_in_no_nickname(int scalar, string what)
    {
        var sign = new Rune(scalar).ToString();

        Assert.True(Nickname.Read($"mi{sign}na", out _) is null, what);
        Assert.True(Nickname.Read($"{sign}{sign}{sign}", out _) is null, what);
    }

    [Fact]
    public void A_mark_needs_a_letter_before_it()
    {
        Assert.Null(Nickname.Read("\u0301mina", out _));
        Assert.Null(Nickname.Read("mina \u0301", out _));
    }

    [Fact]
    public void Half_a_surrogate_pair_and_any_length_are_refused()
    {
        Assert.Null(Nickname.Read("mi\ud800na", out _));
        Assert.Null(Nickname.Read(new string('가', 60_000), out var rejected));
        Assert.Equal("닉네임은 20글자 이하여야 합니다.", rejected!.Text);
    }

    [Theory]
    [InlineData("민아", "\u1106\u1175\u11AB\u110B\u1161")]
    [InlineData("\u00e9va", "e\u0301va")]
    [InlineData("ﬁona", "fiona")]
    [InlineData("Ｍｉｎａ", "mina")]
    [InlineData("ﾐﾅ", "ミナ")]
    [InlineData("Mina  Kim", "mina kim")]
    public void Spellings_that_readers_take_for_one_name_have_one_key(string one, string other) => Assert.Equal(Nickname.KeyOf(one), Nickname.KeyOf(other));

    [Theory]
    [InlineData("mina", "minah")]
    [InlineData("민아", "민아1")]
    [InlineData("Mina Kim", "MinaKim")]
    public void Other_names_have_other_keys(string one, string other) => Assert.NotEqual(Nickname.KeyOf(one), Nickname.KeyOf(other));
}
