return await Chat.Host.Cli.ChatCommandLine.RunAsync(args);
