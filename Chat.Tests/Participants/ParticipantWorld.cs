using System.Net;
using Chat.Host.Configuration;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Participants;

/// <summary>A server with a session that can be joined, owned by <c>mina</c>, and short words for joining it.</summary>
internal sealed class ParticipantWorld : IAsyncDisposable
{
    public const string Owner = "mina";

    private ParticipantWorld(TestServer server)
    {
        Server = server;
        Rest = new RestServer(server);
    }

    public TestServer Server { get; }
    public RestServer Rest { get; }
    public string Session { get; private set; } = "";
    public string Code { get; private set; } = "";

    public static async Task<ParticipantWorld> StartAsync(Func<ChatOptions, ChatOptions>? configure = null, TimeProvider? time = null)
    {
        var world = new ParticipantWorld(await TestServer.StartAsync(configure, time));
        (world.Session, world.Code) = await world.CreateAsync();
        return world;
    }

    public async Task<(string Session, string Code)> CreateAsync(object? wish = null)
    {
        var answer = await Rest.SendAsync(Owner, "POST", "/api/chat/sessions", wish ?? new { joinable = true, title = "수업" });
        return (answer["session_id"].GetString()!, answer["session_code"].GetString()!);
    }

    public Task<Answer> AskToJoinAsync(object nickname, string? code = null, params (string Name, string Value)[] headers) =>
        Rest.SendAsync(null, "POST", $"/api/participants/join/{code ?? Code}", new { nickname }, headers);

    public async Task<Participant> JoinAsync(string nickname, string? code = null)
    {
        var answer = await AskToJoinAsync(nickname, code);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return new Participant(answer["participant"].GetProperty("id").GetString()!, code ?? Code, answer["token"].GetString()!, nickname);
    }

    /// <summary>With its token.</summary>
    public async Task<FaceClient> ConnectAsync(Participant who, long? since = null)
    {
        var client = await FaceClient.OpenAsync(Server, $"{who.Path}?token={who.Token}" + (since is { } seq ? $"&since={seq}" : ""));
        // The handshake is answered before the socket is in its session, and this face has no first frame that would say so.
        for (var i = 0; i < 3000 && !client.IsClosed && !IsHere(who); i++)
        {
            await Task.Delay(10);
        }
        return client;
    }

    public async Task<FaceClient> ConnectAsync(string nickname) => await ConnectAsync(await JoinAsync(nickname));

    public Task<Answer> StatusAsync(string? code = null) => Rest.SendAsync(null, "GET", $"/api/v1/sessions/{code ?? Code}/status");

    private bool IsHere(Participant who) =>
        Server.Node.Hubs.All.Any(hub => hub.Presence.WhoIsHere.Participants.Contains(who.Id));

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>One who has joined.</summary>
internal sealed record Participant(string Id, string Code, string Token, string Nickname)
{
    public string Path => $"/ws/{Code}/{Id}";
}
