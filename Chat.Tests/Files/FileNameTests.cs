using Chat.Host.Files;
using Chat.Protocol;

namespace Chat.Tests.Files;

public sealed class FileNameTests
{
    [Theory]
    [InlineData("report.pdf", "report.pdf")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData(@"C:\Users\mina\사진.png", "사진.png")]
    [InlineData(@"..\..\boot.ini", "boot.ini")]
    [InlineData("/etc/passwd", "passwd")]
    [InlineData("a/", null)]
    [InlineData("", null)]
    [InlineData("  ", null)]
    [InlineData(".", null)]
    [InlineData("..", null)]
    [InlineData("a/..", null)]
    [InlineData(".bashrc", ".bashrc")]
    [InlineData("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie: x=1.txt")]
    [InlineData("a\u001b[31m.txt", "a[31m.txt")]
    [InlineData("photo\u202egnp.exe", "photognp.exe")]
    [InlineData("👩‍👩‍👧.png", "👩‍👩‍👧.png")]
    [InlineData(" a \"quoted\" name.txt ", "a \"quoted\" name.txt")]
    public void The_last_segment_is_kept_as_people_read_it(string sent, string? name) => Assert.Equal(name, FileName.Read(sent));

    [Fact]
    public void A_name_has_255_characters_at_most_however_many_bytes_they_are()
    {
        var longest = new string('가', 251) + ".txt";
        Assert.Equal(longest, FileName.Read(longest));
        Assert.Equal(ErrorCode.TooLong, Assert.Throws<FieldException>(() => FileName.Read("x" + longest)).Code);
        Assert.Equal("a", FileName.Read(new string('x', 4096) + "/a"));
    }

    [Fact]
    public void What_no_database_takes_is_refused() =>
        Assert.All(["a\0b", "a\ud800"], sent => Assert.Equal(ErrorCode.BadField, Assert.Throws<FieldException>(() => FileName.Read(sent)).Code));

    [Theory]
    [InlineData("a.png", "image/png", "a.png")]
    [InlineData("A.PNG", "image/png", "A.PNG")]
    [InlineData("a.html", "image/png", "a.html.png")]
    [InlineData("a.jpeg", "image/jpeg", "a.jpeg")]
    [InlineData("setup.bat", "text/plain", "setup.bat.txt")]
    [InlineData("page.html", "text/plain", "page.html.txt")]
    [InlineData("notes.md", "text/plain", "notes.md")]
    [InlineData("README", "text/plain", "README.txt")]
    [InlineData("a.pdf", "application/pdf", "a.pdf")]
    public void A_saved_file_has_an_extension_of_its_type(string name, string type, string saved) => Assert.Equal(saved, FileName.ToSave(name, type));
}
