using System.CommandLine;
using System.Globalization;
using Chat.Host.Configuration;

namespace Chat.Host.Cli;

/// <summary>The options by which every command chooses its configuration.</summary>
internal sealed class ConfigurationChoice
{
    public ConfigurationChoice()
    {
        Mode.AcceptOnlyFromAmong("development", "production");
        Set.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (token.Value.IndexOf('=', StringComparison.Ordinal) <= 0)
                {
                    result.AddError("--set takes KEY=VALUE, such as chat.service.port=8004.");
                }
            }
        });
    }

    public Option<string?> Mode { get; } = new("--mode")
    {
        Description = "The configuration hocon/MODE.conf; with --config, only chat.mode. Without either: the file that CHAT_CONFIG names, else production.",
        HelpName = "development|production",
        Recursive = true,
    };

    public Option<FileInfo?> File { get; } = new("--config") { Description = "A configuration file of one's own.", HelpName = "FILE", Recursive = true };

    public Option<string[]> Set { get; } = new("--set")
    {
        Description = "Sets one key over all files and the environment; may be repeated.",
        HelpName = "chat.KEY=VALUE",
        Recursive = true,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <exception cref="ChatConfigurationException" />
    public ChatOptions Load(ParseResult parsed, int? port = null, string? engine = null)
    {
        var overrides = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in parsed.GetValue(Set) ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            overrides[pair[..at]] = pair[(at + 1)..];
        }
        if (port is { } number)
        {
            overrides["chat.service.port"] = number.ToString(CultureInfo.InvariantCulture);
        }
        if (engine is not null)
        {
            overrides["chat.engine"] = engine;
        }
        var (mode, file) = (parsed.GetValue(Mode), parsed.GetValue(File));
        if (mode is not null && file is not null)
        {
            overrides["chat.mode"] = mode;
        }
        return ChatConfiguration.Load(modeOrFile: file?.FullName ?? mode, overrides: overrides).Options;
    }
}
