using System.CommandLine;
using Chat.Bench.Micro;

var root = new RootCommand("Loads a chat server and says what a delivery costs. The server may be one that this starts, or any that is reached over HTTP.")
{
    MicroCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
