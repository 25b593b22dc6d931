using Chat.Host.Configuration;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>What development mode adds to the native face.</summary>
public sealed class NativeDevelopmentTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_session_that_a_socket_names_is_made_and_its_agent_answers()
    {
        await using var client = await NativeClient.OpenAsync(_server, "my-own-name", "?token=test-token");
        Assert.Equal("my-own-name", (await client.ExpectAsync("connected")).Text("session_id"));

        await client.SendAsync(new { type = "message", content = "hello", timestamp = "2025-10-29T10:30:00Z" });

        await client.ExpectAsync("message", f => f.Text("content") == "hello");
        var start = await client.ExpectAsync("stream_start");
        Assert.Equal(("agent", "1"), (start.Text("sender_type"), start.Text("sender_id")));
        Assert.Equal("complete", (await client.ExpectAsync("stream_end")).Text("status"));
    }

    [Fact]
    public async Task Whoever_names_a_named_session_is_its_member()
    {
        await using var mina = await NativeClient.ConnectAsync(_server, "shared", "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, "shared", "juno");

        await juno.PostAsync("hello");

        Assert.Equal("juno", (await mina.ExpectAsync("message")).Text("sender_id"));
        await mina.ExpectAsync("user_joined", f => f.Text("user_id") == "juno");
    }

    [Fact]
    public async Task A_session_that_was_made_for_its_members_is_not_open_to_others()
    {
        var session = await _server.CreateSessionAsync("mina");

        await using var stranger = await NativeClient.OpenAsync(_server, session, "?token=test-token");

        Assert.Equal(1008, (await stranger.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_name_out_of_its_form_makes_no_session()
    {
        await using var client = await NativeClient.OpenAsync(_server, new string('a', 101), "?token=test-token");

        Assert.Equal(1008, (await client.ClosedAsync()).Code);
    }

    [Fact]
    public async Task An_auto_agent_of_0_leaves_named_sessions_without_an_agent()
    {
        await using var server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development, Sessions = o.Sessions with { DevAutoAgent = 0 } });
        await using var client = await NativeClient.OpenAsync(server, "quiet", "?token=test-token");

        await client.PostAsync("hello");

        Assert.Empty((await server.ViewAsync("quiet"))!.OpenRuns);
        await client.PostAsync("again");
        Assert.Empty(client.All("stream_start"));
    }

    [Fact]
    public async Task Anyone_may_stream_an_answer()
    {
        await using var client = await NativeClient.ConnectAsync(_server, "streams", "mina");

        await client.SendAsync(new { type = "stream_start", message_id = "mine" });

        Assert.Equal("mine", (await client.ExpectAsync("ack")).Text("client_message_id"));
    }
}
