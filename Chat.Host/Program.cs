using Chat.Host;
using Chat.Host.Configuration;

var (_, options) = ChatConfiguration.Load();
var app = await ChatServer.BuildAsync(options, logging => logging.AddSimpleConsole());
await app.RunAsync();
