using System.CommandLine;
using System.CommandLine.Invocation;
using System.Net.Sockets;
using Chat.Bench;
using Chat.Bench.Baselines;
using Chat.Bench.Clients;
using Chat.Bench.Growth;
using Chat.Bench.Micro;
using Chat.Bench.Scenarios;

var root = new RootCommand("Loads a chat server and says what a delivery costs. The server may be one that this starts, or any that is reached over HTTP. Ends with 0; with 1 where the chat server lost, doubled or disordered something; with 2 where the load could not be brought.")
{
    new Fanout().Create(),
    new Sends().Create(),
    new Streams().Create(),
    new Idle().Create(),
    new Passive().Create(),
    new Churn().Create(),
    new Check().Create(),
    GrowthCommand.Create(),
    MicroCommand.Create(),
    BaselineCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    // The last is the one that says most: a word that is no command is also a command that is missing.
    Console.Error.WriteLine(parsed.Errors[^1].Message);
    return 2;
}
if (parsed.CommandResult.Command.Name is not (BaselineCommand.Name or "micro"))
{
    EventLoop.Start();
}
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is BenchException or IOException or SocketException or HttpRequestException)
{
    Console.Error.WriteLine(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
