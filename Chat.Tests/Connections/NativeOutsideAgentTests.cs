using Chat.Host.Auth;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Connections;

/// <summary>Agents that stream their answers through sockets of their own.</summary>
public sealed class NativeOutsideAgentTests(NativeServer native) : IClassFixture<NativeServer>
{
    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task An_outside_agent_streams_to_everyone_under_the_servers_id()
    {
        var (session, agent, mina) = await StartAsync();

        await agent.Client.SendAsync(new { type = "stream_start", message_id = "mine", content = "Hel" });
        var ack = await agent.Client.ExpectAsync("ack");
        await agent.Client.SendAsync(new { type = "stream_chunk", message_id = "mine", content = "lo", index = 1 });
        await agent.Client.SendAsync(new { type = "stream_end", message_id = "mine", content = "!", tokens_used = 3, latency_ms = 40 });

        var end = await mina.ExpectAsync("stream_end");
        var id = ack.Text("message_id");
        Assert.Equal("mine", ack.Text("client_message_id"));
        Assert.Equal((id, "complete", 3L, 40L), (end.Text("message_id"), end.Text("status"), end.Number("tokens_used"), end.Number("latency_ms")));
        Assert.Equal(["Hel", "lo", "!"], mina.All("stream_chunk").Select(f => f.Text("content")));
        var start = mina.All("stream_start")[0];
        Assert.Equal((id, "agent", "7", ack.Seq), (start.Text("message_id"), start.Text("sender_type"), start.Text("sender_id"), start.Seq));
        Assert.Equal("Hello!", (await _server.LogAsync(session)).Select(e => e.Event).OfType<StreamEnded>().Single().Content);
    }

    [Fact]
    public async Task Its_session_waits_for_no_agent_of_the_servers()
    {
        var (session, _, mina) = await StartAsync();

        await mina.PostAsync("hello");

        Assert.Empty((await _server.ViewAsync(session))!.OpenRuns);
    }

    [Fact]
    public async Task Without_an_id_chunks_go_to_the_answer_begun_last_and_the_end_ends_it()
    {
        var (_, agent, mina) = await StartAsync();
        var first = await agent.StartAsync("a");
        var second = await agent.StartAsync("b");

        await agent.Client.SendAsync(new { type = "stream_chunk", content = "to b" });
        await agent.Client.SendAsync(new { type = "stream_chunk", message_id = first, content = "to a" });
        await agent.Client.SendAsync(new { type = "stream_end" });

        Assert.Equal(second, (await mina.ExpectAsync("stream_end")).Text("message_id"));
        Assert.Equal([(second, "to b"), (first, "to a")], mina.All("stream_chunk").Select(f => (f.Text("message_id"), f.Text("content"))));
    }

    [Fact]
    public async Task An_index_that_repeats_the_last_chunk_is_stored_once_and_a_hole_is_refused()
    {
        var (_, agent, mina) = await StartAsync();
        var id = await agent.StartAsync("a");

        foreach (var index in new[] { 0, 1, 1, 2 })
        {
            await agent.Client.SendAsync(new { type = "stream_chunk", message_id = "a", content = $"{index}", index });
        }
        await agent.Client.SendTextAsync("""{"type":"stream_chunk","message_id":"a","content":"7","index":7}""");
        await agent.Client.ExpectErrorAsync("BAD_FIELD");
        await agent.EndAsync(id);

        await mina.ExpectAsync("stream_end");
        Assert.Equal(["0", "1", "2"], mina.All("stream_chunk").Select(f => f.Text("content")));
    }

    [Fact]
    public async Task A_repeated_start_is_the_same_answer()
    {
        var (_, agent, mina) = await StartAsync();
        var id = await agent.StartAsync("a");

        Assert.Equal(id, await agent.StartAsync("a"));
        await agent.SayAsync("a", "once");
        await agent.EndAsync(id);

        await mina.ExpectAsync("stream_end");
        Assert.Single(mina.All("stream_start"));
        Assert.Single(mina.All("stream_chunk"));
    }

    [Fact]
    public async Task An_agent_whose_socket_breaks_in_the_middle_is_interrupted()
    {
        var (session, agent, mina) = await StartAsync();
        var first = await agent.StartAsync("a");
        var second = await agent.StartAsync("b");
        await agent.SayAsync(first, "half an ans");

        await agent.Client.BreakAsync();

        Assert.Equal("interrupted", (await mina.ExpectAsync("stream_end", f => f.Text("message_id") == first)).Text("status"));
        Assert.Equal("interrupted", (await mina.ExpectAsync("stream_end", f => f.Text("message_id") == second)).Text("status"));
        Assert.Equal("half an ans", (await _server.LogAsync(session)).Select(e => e.Event).OfType<StreamEnded>().First(s => s.MessageId.Value == first).Content);
    }

    [Fact]
    public async Task A_stopped_answer_takes_no_more_chunks()
    {
        var (_, agent, mina) = await StartAsync();
        var id = await agent.StartAsync("a");
        await agent.SayAsync(id, "one");

        await mina.SendAsync(new { type = "stop" });
        Assert.Equal("stopped", (await mina.ExpectAsync("stream_end")).Text("status"));
        await agent.Client.SendAsync(new { type = "stream_chunk", message_id = "a", content = "two" });
        await agent.Client.ExpectErrorAsync("NOT_FOUND");
        await agent.Client.SendAsync(new { type = "stream_end", message_id = "a" });
        await agent.Client.SettleAsync();

        Assert.Single(agent.Client.All("error"));
        Assert.Single(mina.All("stream_end"));
    }

    [Fact]
    public async Task Another_members_answer_takes_no_chunks_of_mine()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina", "bot");
        await using var agent = await OutsideAgent.ConnectAsync(_server, session);
        await using var bot = await NativeClient.ConnectAsync(_server, session, "bot", roles: Roles.Agent);
        var id = await agent.StartAsync("a");

        await bot.SendAsync(new { type = "stream_chunk", message_id = id, content = "not mine" });
        await bot.ExpectErrorAsync("FORBIDDEN");
        await bot.SendAsync(new { type = "stream_end", message_id = id });
        await bot.ExpectErrorAsync("FORBIDDEN");

        Assert.Single((await _server.ViewAsync(session))!.OpenRuns);
    }

    [Fact]
    public async Task Without_the_role_a_member_streams_nothing_in_production()
    {
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");

        await mina.SendAsync(new { type = "stream_start", message_id = "a" });

        Assert.Equal("a", (await mina.ExpectErrorAsync("FORBIDDEN")).Text("client_message_id"));
    }

    [Fact]
    public async Task An_agent_that_is_neither_member_nor_this_sessions_agent_stays_out()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");

        await using var other = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("8", Roles.Agent)));
        await using var role = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("7")));

        Assert.Equal(1008, (await other.ClosedAsync()).Code);
        Assert.Equal(1008, (await role.ClosedAsync()).Code);
    }

    [Fact]
    public async Task An_outside_agents_message_is_an_agents_and_queues_no_answer()
    {
        var session = await _server.CreateSessionAsync("mina", (1, "Echo", false), "bot");
        await using var bot = await NativeClient.ConnectAsync(_server, session, "bot", roles: Roles.Agent);

        await bot.PostAsync("hello");

        Assert.Equal("agent", (await bot.ExpectAsync("message")).Text("sender_type"));
        Assert.Empty((await _server.ViewAsync(session))!.OpenRuns);
    }

    [Fact]
    public async Task Sixteen_answers_at_once_are_streamed_and_no_seventeenth()
    {
        var (_, agent, _) = await StartAsync();
        for (var i = 0; i < Limits.OutsideStreams; i++)
        {
            await agent.StartAsync($"a{i}");
        }

        await agent.Client.SendAsync(new { type = "stream_start", message_id = "one more" });

        Assert.Equal("one more", (await agent.Client.ExpectErrorAsync("RATE_LIMIT")).Text("client_message_id"));
    }

    private async Task<(string Session, OutsideAgent Agent, NativeClient Mina)> StartAsync()
    {
        var session = await OutsideAgent.CreateSessionAsync(_server, "mina");
        return (session, await OutsideAgent.ConnectAsync(_server, session), await NativeClient.ConnectAsync(_server, session, "mina"));
    }
}
