using System.Globalization;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>
/// A database's address as <c>postgresql://user:p%40ss@host:5432/name?sslmode=require</c>. What is said about a bad one never repeats
/// it: it holds the password.
/// </summary>
public static class PostgresUrl
{
    private const string Form = "postgresql://user:password@host:port/name?sslmode=require";

    /// <summary>Accepts <c>postgresql:</c> and <c>postgres:</c>; a socket's folder as <c>?host=/run/postgresql</c>.</summary>
    /// <exception cref="FormatException">Says what is wrong, without the user's part.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || url[..scheme].ToLowerInvariant() is not ("postgresql" or "postgres"))
        {
            throw new FormatException($"The database's URL does not begin like {Form}");
        }
        var (rest, query) = Split(url[(scheme + 3)..], '?');
        var (authority, name) = Split(rest, '/');
        var builder = new NpgsqlConnectionStringBuilder { ApplicationName = "chat", Timeout = 5 };
        ReadAuthority(builder, authority);
        if (name.Length > 0)
        {
            builder.Database = Unescape(name);
        }
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = Split(pair, '=');
            ReadOption(builder, key, Unescape(value));
        }
        return string.IsNullOrEmpty(builder.Host) ? throw new FormatException($"The database's URL names no host; it should read like {Form}") : builder;
    }

    private static void ReadAuthority(NpgsqlConnectionStringBuilder builder, string authority)
    {
        // The last @: one in the password ought to be %40, but can only be meant so.
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            var (user, password) = Split(authority[..at], ':');
            builder.Username = Unescape(user);
            builder.Password = password.Length > 0 ? Unescape(password) : null;
        }
        var host = authority[(at + 1)..];
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            builder.Port = ReadNumber("port", host[(colon + 1)..], 65535);
            host = host[..colon];
        }
        builder.Host = Unescape(host.Trim('[', ']'));
    }

    private static void ReadOption(NpgsqlConnectionStringBuilder builder, string key, string value)
    {
        switch (key)
        {
            case "sslmode":
                builder.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "allow" => SslMode.Allow,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw new FormatException("sslmode in the database's URL is one of disable, allow, prefer, require, verify-ca, verify-full"),
                };
                break;
            case "sslrootcert":
                builder.RootCertificate = value;
                break;
            case "sslcert":
                builder.SslCertificate = value;
                break;
            case "sslkey":
                builder.SslKey = value;
                break;
            case "connect_timeout":
                builder.Timeout = ReadNumber(key, value, 1024);
                break;
            case "application_name":
                builder.ApplicationName = value;
                break;
            case "host":
                builder.Host = value;
                break;
            case "port":
                builder.Port = ReadNumber(key, value, 65535);
                break;
            default:
                throw new FormatException(
                    "The database's URL has an option that is not known; these are: sslmode, sslrootcert, sslcert, sslkey, connect_timeout, application_name, host, port");
        }
    }

    private static int ReadNumber(string what, string text, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= max
            ? number
            : throw new FormatException($"{what} in the database's URL is no number from 1 to {max}");

    private static string Unescape(string text) => Uri.UnescapeDataString(text);

    private static (string Before, string After) Split(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }
}
