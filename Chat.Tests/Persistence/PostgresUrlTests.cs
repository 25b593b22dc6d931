using Chat.Actors.Persistence;
using Npgsql;

namespace Chat.Tests.Persistence;

public class PostgresUrlTests
{
    [Fact]
    public void A_whole_url_is_taken_apart()
    {
        var settings = PostgresUrl.Parse("postgresql://chat%20user:p%40ss%3Aw%2Frd@db.example:6432/chat-db?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3&application_name=node-1");

        Assert.Equal(("chat user", "p@ss:w/rd", "db.example", 6432, "chat-db"), (settings.Username, settings.Password, settings.Host, settings.Port, settings.Database));
        Assert.Equal((SslMode.VerifyFull, "/etc/ca.pem", 3, "node-1"), (settings.SslMode, settings.RootCertificate, settings.Timeout, settings.ApplicationName));
    }

    [Theory]
    [InlineData("postgres://localhost/chat", "localhost", 5432, null, "chat")]
    [InlineData("POSTGRESQL://u@localhost", "localhost", 5432, "u", null)]
    [InlineData("postgresql://u:p@[::1]:5433/chat", "::1", 5433, "u", "chat")]
    [InlineData("postgresql://u:p@ss@h/chat", "h", 5432, "u", "chat")]
    [InlineData("postgresql:///chat?host=/run/postgresql", "/run/postgresql", 5432, null, "chat")]
    public void Parts_may_be_left_out(string url, string host, int port, string? user, string? database)
    {
        var settings = PostgresUrl.Parse(url);

        Assert.Equal((host, port, user, database), (settings.Host, settings.Port, settings.Username, settings.Database));
    }

    [Theory]
    [InlineData("mysql://u:secret@h/chat")]
    [InlineData("secret")]
    [InlineData("Host=h;Password=secret")]
    [InlineData("postgresql://u:secret@h:x/chat")]
    [InlineData("postgresql://u:secret@h:70000/chat")]
    [InlineData("postgresql://u:secret@/chat")]
    [InlineData("postgresql://u:secret@h/chat?sslmode=secret")]
    [InlineData("postgresql://u:sec?ret=secret@h/chat")]
    [InlineData("postgresql://u:secret@h/chat?secret=1")]
    public void What_is_wrong_is_said_without_the_password(string url)
    {
        var refused = Assert.Throws<FormatException>(() => PostgresUrl.Parse(url));

        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }
}
