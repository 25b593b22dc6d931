using System.Text;
using Chat.Host.Files;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

public sealed class TypeJudgeTests
{
    public static TheoryData<string, byte[], string?> Files => new()
    {
        { "PNG", Pictures.Png(3, 3), "image/png" },
        { "PNG that only begins so", Pictures.Png(3, 3)[..32], null },
        { "PNG of no size", Changed(Pictures.Png(), 19, 0), null },
        { "PNG of a colour type that there is not", Changed(Pictures.Png(), 25, 5), null },
        { "PNG whose first chunk is another", Changed(Pictures.Png(), 12, (byte)'J'), null },
        { "PNG after a space", [(byte)' ', .. Pictures.Png()], null },
        { "JPEG", Pictures.JpegHead, "image/jpeg" },
        { "JPEG cut off", Pictures.JpegHead[..5], null },
        { "JPEG with no segment", [0xff, 0xd8, 0xff, 0xd9, 0, 16], null },
        { "GIF", Pictures.Gif, "image/gif" },
        { "GIF that is a script", Encoding.ASCII.GetBytes("GIF89a=1;/*" + new string(' ', 900) + "*/alert(1)"), "text/plain" },
        { "WebP", Pictures.WebP, "image/webp" },
        { "WebP shorter than it says", Pictures.WebP[..^1], null },
        { "RIFF of another kind", Changed(Pictures.WebP, 8, (byte)'A'), null },
        { "PDF", Pictures.Pdf, "application/pdf" },
        { "PDF after a line", [(byte)'\n', .. Pictures.Pdf, 0xff], null },
        { "PDF of no version", [.. "%PDF-x.y"u8, 0], null },
        { "nothing", [], null },
        { "zeros", new byte[100], null },
        { "ZIP", [.. "PK\u0003\u0004"u8, 20, 0], null },
        { "program", [.. "MZ"u8, 0x90, 0, 3, 0], null },
        { "ELF", [0x7f, .. "ELF"u8, 2, 1], null },
        { "text", Text("안녕하세요\r\n\tHello\f\n😀"), "text/plain" },
        { "text of one character", Text("x"), "text/plain" },
        { "text with a byte order mark", [0xef, 0xbb, 0xbf, .. Text("안녕")], "text/plain" },
        { "text cut off inside a character", Text("안")[..2], null },
        { "text with U+0000", Text("a\0b"), null },
        { "text with an escape", Text("\u001b[31mred"), null },
        { "text with DEL", Text("a\u007f"), null },
        { "text with a C1 control", Text("a\u0085b"), null },
        { "text with the letters next to C1", Text("\u00a0\u00bf"), "text/plain" },
        { "UTF-16", [0xff, 0xfe, .. Encoding.Unicode.GetBytes("hello")], null },
        { "EUC-KR", [0xbe, 0xc8, 0xb3, 0xe7], null },
        { "half a surrogate pair", [0xed, 0xa0, 0x80], null },
        { "too long for its character", [0xc0, 0xaf], null },
        { "Markdown", Text("# Title\n\n<b>bold</b>"), "text/plain" },
        { "a heart", Text("<3 you"), "text/plain" },
        { "HTML", Text("<!DOCTYPE html><html></html>"), null },
        { "HTML after white space", Text(" \r\n\t\f<HtMl>"), null },
        { "HTML after a byte order mark", [0xef, 0xbb, 0xbf, .. Text("\n<script>alert(1)</script>")], null },
        { "HTML after a long white space", Text(new string(' ', 5000) + "<script>"), null },
        { "SVG", Text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), null },
        { "XML", Text("<?xml version='1.0'?><svg/>"), null },
        { "PHP", Text("<?php system($_GET['x']);"), null },
        { "a comment of HTML", Text("<!-- --><script>"), null },
        { "an end tag", Text("</title><script>"), null },
        { "ASP", Text("<% Response.Write(1) %>"), null },
        { "script for a shell", Text("#!/bin/sh\nrm -rf /"), null },
        { "script for a shell after a line", Text("\n#! /bin/sh\n"), null },
        { "PNG that is HTML too", [.. Pictures.Png(), .. Text("<script>alert(1)</script>")], "image/png" },
        { "PDF that is a ZIP too", [.. Pictures.Pdf, .. "PK\u0003\u0004"u8, 0, 0], "application/pdf" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_type_is_judged_by_the_bytes(string what, byte[] bytes, string? type)
    {
        Assert.True(type == Judge(bytes, bytes.Length), what);
        // In whatever pieces they come.
        Assert.True(type == Judge(bytes, 1), what + ", byte by byte");
        Assert.True(type == Judge(bytes, 7), what + ", by sevens");
    }

    [Fact]
    public void One_bad_byte_at_the_end_of_a_long_text_is_seen()
    {
        var text = Text(string.Concat(Enumerable.Repeat("가나다 ", 100_000)));
        Assert.Equal("text/plain", Judge(text, 65_536));
        Assert.Null(Judge([.. text, 0xff], 65_536));
    }

    [Fact]
    public void It_says_early_that_nothing_can_come_of_it()
    {
        var judge = new TypeJudge();
        judge.Add(new byte[Signatures.HeadLength - 1]);
        Assert.False(judge.IsHopeless);
        judge.Add([0]);
        Assert.True(judge.IsHopeless);

        var picture = new TypeJudge();
        picture.Add(Pictures.Png());
        picture.Add(new byte[2000]);
        Assert.False(picture.IsHopeless);
    }

    private static string? Judge(byte[] bytes, int piece)
    {
        var judge = new TypeJudge();
        foreach (var chunk in bytes.Chunk(Math.Max(1, piece)))
        {
            judge.Add(chunk);
        }
        return judge.Verdict();
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        var changed = bytes.ToArray();
        changed[at] = value;
        return changed;
    }
}
