using System.CommandLine;
using System.CommandLine.Invocation;
using System.Data.Common;
using Chat.Actors.Persistence;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Cli;

/// <summary>The program's commands, and what their ends mean to a shell.</summary>
public static class ChatCommandLine
{
    public const int Ok = 0;

    /// <summary>Refused or failed; one plain sentence on stderr says why.</summary>
    public const int Failed = 1;

    /// <summary>Not a command line of this program.</summary>
    public const int Usage = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        // A value that begins with @ is a value, not a file of arguments.
        var parsed = Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }
            await Console.Error.WriteLineAsync("--help tells what can be said.");
            return Usage;
        }
        try
        {
            // The host and the default end of a process know what to do with signals; time is theirs to take.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is ChatConfigurationException or MigrationRefusedException or JournalUnavailableException or EventFormatException
            or IOException or UnauthorizedAccessException)
        {
            return Refuse(e.Message);
        }
        catch (DbException e)
        {
            return Refuse($"The database does not answer: {e.Message}");
        }
    }

    internal static RootCommand Create()
    {
        var configuration = new ConfigurationChoice();
        var serve = new ServeCommand(configuration);
        var root = new RootCommand("A chat server: serves when no command is given.")
        {
            configuration.Mode,
            configuration.File,
            configuration.Set,
            ServeCommand.Port,
            ServeCommand.Engine,
            serve,
            new TokenCommand(configuration),
            new MigrateCommand(configuration),
            new RebuildCommand(configuration),
            new ReplayCommand(configuration),
            new ClusterCommand(configuration),
        };
        root.SetAction((parsed, _) => serve.RunAsync(parsed));
        return root;
    }

    internal static int Refuse(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return Failed;
    }
}
