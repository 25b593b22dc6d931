using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>The one entry to the configuration: finds the files, reads them, checks them.</summary>
public static class ChatConfiguration
{
    /// <summary>The file that is read where neither the caller nor <c>CHAT_CONFIG</c> names one.</summary>
    public const string DefaultMode = "production";

    /// <param name="hoconFolder">Null looks beside the program, then in the working directory.</param>
    /// <param name="modeOrFile">
    /// <c>development</c>, <c>production</c> or another name <c>x</c> for <c>x.conf</c> of the folder; what holds a slash or ends in <c>.conf</c> is the path of a file.
    /// Null takes the file that <c>CHAT_CONFIG</c> names, else <see cref="DefaultMode"/>.
    /// </param>
    /// <param name="environment">Null takes the process's.</param>
    /// <param name="overrides">Full keys (<c>chat.service.port</c>) and values as an environment variable would hold them; they win over all files.</param>
    /// <exception cref="ChatConfigurationException">Whatever is wrong, in words for the operator and without secrets.</exception>
    public static (IConfiguration Configuration, ChatOptions Options) Load(
        string? hoconFolder = null,
        string? modeOrFile = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        IReadOnlyDictionary<string, string>? overrides = null)
    {
        environment ??= ProcessEnvironment();
        foreach (var key in overrides?.Keys ?? [])
            if (!key.StartsWith("chat.", StringComparison.Ordinal))
                throw new ChatConfigurationException($"{HoconOrigin.InOverride(key)}: only keys under chat can be set, such as chat.service.port");

        var name = modeOrFile ?? (environment.GetValueOrDefault("CHAT_CONFIG") is { Length: > 0 } named ? named : DefaultMode);
        var root = HoconDocument.Read(FileOf(name, hoconFolder), environment, overrides);
        var options = ChatOptionsReader.Read(root);
        return (new ConfigurationBuilder().Add(new HoconConfigurationSource(root)).Build(), options);
    }

    /// <summary>The folder <c>hocon</c> that was installed with the program, or that of the working directory.</summary>
    public static string FindFolder()
    {
        string[] places = [Path.Combine(AppContext.BaseDirectory, "hocon"), Path.Combine(Directory.GetCurrentDirectory(), "hocon")];
        return Array.Find(places, Directory.Exists)
            ?? throw new ChatConfigurationException($"There is no folder of configuration files: neither {places[0]} nor {places[1]}.");
    }

    private static string FileOf(string name, string? folder) =>
        name.Contains('/', StringComparison.Ordinal) || name.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) || name.EndsWith(".conf", StringComparison.Ordinal)
            ? name
            : Path.Combine(folder ?? FindFolder(), name + ".conf");

    private static Dictionary<string, string?> ProcessEnvironment()
    {
        // Windows ignores the case of names, and may return them in another one than a file asks for.
        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var variables = new Dictionary<string, string?>(comparer);
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value;
        return variables;
    }
}
