using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Connections;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Security;

/// <summary>What those can do to others who may do nothing.</summary>
public sealed class StrangerTests
{
    [Fact]
    public async Task A_socket_without_a_good_token_takes_no_place()
    {
        await using var server = await TestServer.StartAsync(o => o with { WebSocket = o.WebSocket with { MaxConnections = 1 } });
        var session = await server.CreateSessionAsync("mina");
        // Neither answers the close frame, so the server waits for its answer.
        using var first = await RawWebSocket.ConnectAsync(server, session, "");
        Assert.Equal(1008, await first.ClosedAsync());
        using var second = await RawWebSocket.ConnectAsync(server, session, "?token=nonsense");
        Assert.Equal(1008, await second.ClosedAsync());

        await using var mina = await NativeClient.ConnectAsync(server, session, "mina");

        Assert.Equal(1, server.Services.GetRequiredService<ConnectionRegistry>().Count);
    }

    [Fact]
    public async Task Nothing_is_looked_up_for_one_who_may_not_read()
    {
        using var folder = new TempFolder();
        var lookups = 0;
        await Migrations.ForSqlite(folder.File("journal.db"), TimeProvider.System).UpAsync("journal");
        await using var journal = SqliteJournal.Open(folder.File("journal.db"), TimeProvider.System);
        await using var gateway = new SessionGateway(new SessionActors(new SessionServices
        {
            Journal = journal,
            Time = TimeProvider.System,
            Publish = (_, _) => { },
            FindMessage = (_, _) =>
            {
                lookups++;
                return new((MessageFacts?)null);
            },
            Logger = NullLogger.Instance,
        }));
        var session = SessionId.New();
        await gateway.AskAsync(session, new CreateSession { Caller = new("mina", "mina"), SessionId = session, TraceId = "t" });

        await gateway.AskAsync(session, new DeleteMessage { Caller = new("eve", "eve"), MessageId = MessageId.New() });
        Assert.Equal(0, lookups);
        await gateway.AskAsync(session, new DeleteMessage { Caller = new("mina", "mina"), MessageId = MessageId.New() });
        Assert.Equal(1, lookups);
    }
}
