using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Tests.Connections;

/// <summary>Answers that an outside agent streams, over the sockets that it comes and goes with.</summary>
public sealed class OutsideStreamTests : IAsyncLifetime
{
    private TestServer _server = null!;
    private string _session = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _session = await _server.CreateSessionAsync("mina", (7, "Bot", true));
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task An_answer_whose_socket_ends_is_interrupted()
    {
        await using var agent = await ComeAsync();
        await StartAsync(agent);
        await LeaveAsync(agent);
        Assert.Equal((StreamStatus.Interrupted, "one"), await EndedAsync());
    }

    [Fact]
    public async Task An_agent_that_comes_back_and_begins_again_is_not_interrupted_by_the_end_of_its_old_socket()
    {
        await using var old = await ComeAsync();
        var id = await StartAsync(old);
        await using var agent = await ComeAsync();
        await agent.SendAsync(new { type = "stream_start", message_id = "mine" });
        Assert.Equal(id, (await agent.ExpectAsync("ack")).Text("message_id"));
        await LeaveAsync(old);

        await agent.SendAsync(new { type = "stream_chunk", message_id = "mine", content = " two" });
        await agent.SendAsync(new { type = "stream_end", message_id = "mine" });
        await agent.ExpectAsync("stream_end");

        Assert.Equal((StreamStatus.Complete, "one two"), await EndedAsync());
    }

    [Fact]
    public async Task An_agent_that_goes_on_by_the_servers_id_owns_the_answer_from_then_on()
    {
        await using var old = await ComeAsync();
        var id = await StartAsync(old);
        await using var agent = await ComeAsync();
        await agent.SendAsync(new { type = "stream_chunk", message_id = id, content = " two" });
        await agent.ExpectAsync("stream_chunk", chunk => chunk.Text("content") == " two");
        await LeaveAsync(old);
        Assert.Single((await _server.ViewAsync(_session))!.OpenRuns);

        await LeaveAsync(agent);
        Assert.Equal((StreamStatus.Interrupted, "one two"), await EndedAsync());
    }

    [Fact]
    public async Task Another_user_takes_no_answer_over()
    {
        await using var agent = await ComeAsync();
        var id = await StartAsync(agent);
        await using var mina = await NativeClient.ConnectAsync(_server, _session, "mina");
        await mina.SendAsync(new { type = "stream_chunk", message_id = id, content = "mine now" });
        await mina.ExpectErrorAsync("FORBIDDEN");

        await LeaveAsync(agent);
        Assert.Equal((StreamStatus.Interrupted, "one"), await EndedAsync());
    }

    private Task<NativeClient> ComeAsync() => NativeClient.ConnectAsync(_server, _session, "7", roles: Roles.Agent);

    private static async Task<string> StartAsync(NativeClient agent)
    {
        await agent.SendAsync(new { type = "stream_start", message_id = "mine" });
        var id = (await agent.ExpectAsync("ack")).Text("message_id");
        await agent.SendAsync(new { type = "stream_chunk", message_id = "mine", content = "one" });
        await agent.ExpectAsync("stream_chunk");
        return id;
    }

    /// <summary>Returns when the server is done with the socket.</summary>
    private async Task LeaveAsync(NativeClient client)
    {
        var registry = _server.Services.GetRequiredService<ConnectionRegistry>();
        var before = registry.Count;
        await client.CloseAsync();
        using var timeout = new CancellationTokenSource(NativeClient.Timeout);
        while (registry.Count >= before)
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private async Task<(string Status, string Content)> EndedAsync() =>
        (await _server.LogAsync(_session)).Select(e => e.Event).OfType<StreamEnded>().Select(s => (s.Status, s.Content)).Single();
}
