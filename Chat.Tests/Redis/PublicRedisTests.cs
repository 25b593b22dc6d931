using System.Collections.Concurrent;
using System.Text.Json;
using Chat.Actors.Cluster;
using Chat.Actors.Delivery;
using Chat.Actors.Sessions;
using Chat.Host.Redis;
using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Chat.Tests.Redis;

/// <summary>What other services find in Redis: a node alone over SQLite.</summary>
[RequiresRedis]
public sealed class PublicRedisTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Channel, JsonElement Frame)> _heard = new();
    private RedisServer _redis = null!;
    private TestServer _server = null!;
    private ConnectionMultiplexer _client = null!;

    private IDatabase Keys => _client.GetDatabase();

    public async Task InitializeAsync()
    {
        if (RedisServer.Missing is not null)
        {
            return;
        }
        _redis = await RedisServer.StartAsync();
        _server = await TestServer.StartAsync(options => options with { Redis = options.Redis with { Url = _redis.Url } });
        _client = await _redis.ConnectAsync();
        await _client.GetSubscriber().SubscribeAsync(new RedisChannel("chat:*", RedisChannel.PatternMode.Pattern), (channel, value) =>
        {
            using var frame = JsonDocument.Parse((string)value!);
            _heard.Enqueue(((string)channel!, frame.RootElement.Clone()));
        });
    }

    public async Task DisposeAsync()
    {
        if (_redis is not null)
        {
            _client.Dispose();
            await _server.DisposeAsync();
            await _redis.DisposeAsync();
        }
    }

    [ContractFact]
    public async Task A_node_that_ends_waits_two_seconds_for_what_was_not_published()
    {
        var (time, begun, view) = (new ManualTime(), new TaskCompletionSource(), new TaskCompletionSource<SessionView?>());
        var asked = 0;
        await using var connection = await RedisConnection.OpenAsync(_redis.Url, "node", TimeProvider.System, NullLogger.Instance);
        var channels = new PublicChannels(
            connection,
            _ =>
            {
                asked++;
                begun.TrySetResult();
                return new ValueTask<SessionView?>(view.Task);
            },
            time,
            NullLogger.Instance);
        for (var seq = 1; seq <= 1_000; seq++)
        {
            channels.Publish(new SessionId("busy"), [new EncodedEvent(seq, seq - 1, Events.Posted($"{seq}"))]);
        }
        await begun.Task;
        var ending = channels.DisposeAsync().AsTask();
        Assert.False(ending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        view.SetResult(null);
        await ending.WaitAsync(NativeClient.Timeout);
        Assert.Equal(1, asked);
    }

    [ContractFact]
    public async Task Frames_are_published_once_on_the_channels_of_their_kind()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno");
        var ack = await mina.PostAsync("hello \"there\"");
        await juno.SendAsync(new { type = "typing", is_typing = true });
        await juno.ExpectAsync("message");
        await juno.SendAsync(new { type = "read", seq = ack.Number("seq") });
        await mina.ExpectAsync("read");
        await juno.CloseAsync();

        await Eventually.TrueAsync(() => Of("chat:presence:" + session).Count == 3);
        Assert.Equal(["user_joined", "user_joined", "user_left"], Of("chat:presence:" + session).Select(f => f.GetProperty("event").GetString()));
        Assert.Equal(["message", "read"], Of("chat:session:" + session).Select(f => f.GetProperty("type").GetString()));
        Assert.Equal(juno.All("message")[0].Root.GetRawText(), Of("chat:session:" + session)[0].GetRawText());
        Assert.Equal([true, false], Of("chat:typing:" + session).Select(f => f.GetProperty("is_typing").GetBoolean()));
        foreach (var user in new[] { "mina", "juno" })
        {
            var copy = Assert.Single(Of("chat:user:" + user));
            Assert.Equal((session, "hello \"there\""), (copy.GetProperty("session_id").GetString(), copy.GetProperty("content").GetString()));
        }
    }

    [ContractFact]
    public async Task Who_is_here_stands_in_keys_that_go_with_the_sockets()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await _server.PostAsync(session, "mina", "hello");
        var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        var subscriber = new Subscriber(NativeCodec.Instance, "p", 1000);
        var hub = _server.Node.Hubs.Subscribe(new SessionId(session), subscriber);
        var participant = new Person("p", "미나", "7d3b");
        hub.Presence.Enter(participant);

        await Eventually.TrueAsync(() => Keys.SetLength("ws:sessions:" + session) == 2 && Keys.KeyExists($"session:{session}:state"));
        using var person = JsonDocument.Parse((string)Keys.HashGet($"session:{session}:participants", "7d3b")!);
        Assert.Equal(["id", "nickname", "joined_at", "last_seen"], person.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal("미나", person.RootElement.GetProperty("nickname").GetString());
        using var connection = JsonDocument.Parse((string)Keys.StringGet("ws:connections:mina")!);
        Assert.Equal(["connection_id", "session_id", "connected_at", "last_ping"], connection.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.InRange(Keys.KeyTimeToLive("ws:connections:mina")!.Value.TotalSeconds, 200, 300);
        Assert.InRange(Keys.KeyTimeToLive($"session:{session}:participants")!.Value.TotalSeconds, 200, 300);
        Assert.InRange(Keys.KeyTimeToLive($"session:{session}:state")!.Value.TotalSeconds, 3000, 3600);
        await Eventually.TrueAsync(() => (string?)Keys.StringGet($"session:{session}:state") == """{"status":"active","title":null,"head_seq":2,"online_count":2}""");

        // Known from its events from here on, without being read.
        await mina.PostAsync("more");
        var owner = Commands.Kim with { UserId = "mina" };
        await _server.Node.Gateway.AskAsync(new SessionId(session), new UpdateSession { Caller = owner, Title = "A title" });
        await Eventually.TrueAsync(() => (string?)Keys.StringGet($"session:{session}:state") == """{"status":"active","title":"A title","head_seq":4,"online_count":2}""");
        await _server.Node.Gateway.AskAsync(new SessionId(session), new ArchiveSession { Caller = owner });
        await Eventually.TrueAsync(() => (string?)Keys.StringGet($"session:{session}:state") == """{"status":"archived","title":"A title","head_seq":5,"online_count":2}""");

        hub.Presence.Leave(participant);
        _server.Node.Hubs.Unsubscribe(hub, subscriber);
        await mina.CloseAsync();
        await mina.DisposeAsync();
        await Eventually.TrueAsync(() => !Keys.KeyExists("ws:sessions:" + session) && !Keys.KeyExists("ws:connections:mina") && !Keys.KeyExists($"session:{session}:participants"));
        await Eventually.TrueAsync(() => ((string)Keys.StringGet($"session:{session}:state")!).Contains("\"online_count\":0", StringComparison.Ordinal));
    }

    [ContractFact]
    public async Task Without_Redis_the_server_goes_on_and_with_it_the_keys_are_written_again()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await _redis.StopAsync();
        await mina.PostAsync("while it is away");
        await using var juno = await NativeClient.ConnectAsync(_server, session, "juno", since: 0);
        await juno.ExpectAsync("message");
        await mina.ExpectAsync("user_joined");

        await _redis.StartAgainAsync();

        // The test's own client need not have found its way back when it says so.
        var client = await _redis.ConnectAsync();
        await Eventually.TrueAsync(async () => await client.GetDatabase().SetLengthAsync("ws:sessions:" + session) == 2);

        // One that is disposed of waits for the answer to its QUIT, here for as long as it would for any.
        client.Close(allowCommandsToComplete: false);
    }

    [Fact]
    public async Task What_Redis_refused_is_written_again()
    {
        // No replica is there to take a write: each is refused, and PING is answered.
        using var admin = await _redis.ConnectAsync(isAdmin: true);
        var server = admin.GetServer(admin.GetEndPoints()[0]);
        await server.ConfigSetAsync("min-replicas-to-write", 1);
        var session = await _server.CreateSessionAsync("mina");
        await using var mina = await NativeClient.ConnectAsync(_server, session, "mina");
        await Eventually.TrueAsync(async () => (await server.InfoRawAsync("errorstats")).Contains("NOREPLICAS", StringComparison.Ordinal));
        Assert.False(Keys.KeyExists("ws:sessions:" + session));

        await server.ConfigSetAsync("min-replicas-to-write", 0);

        await Eventually.TrueAsync(() => Keys.SetLength("ws:sessions:" + session) == 1 && Keys.KeyExists($"session:{session}:state"));
    }

    [Fact]
    public async Task A_key_that_is_something_elses_keeps_no_other_from_being_written()
    {
        var session = await _server.CreateSessionAsync("mina");
        Keys.StringSet($"session:{session}:participants", "not a hash");
        var subscriber = new Subscriber(NativeCodec.Instance, "p", 1_000_000);
        var hub = _server.Node.Hubs.Subscribe(new SessionId(session), subscriber);

        // More writes than are on their way at once.
        for (var i = 0; i < 500; i++)
        {
            hub.Presence.Enter(new Person($"p{i}", "미나", $"id{i}"));
        }

        await Eventually.TrueAsync(() => Keys.SetLength("ws:sessions:" + session) == 500 && Keys.KeyExists($"session:{session}:state"));
        _server.Node.Hubs.Unsubscribe(hub, subscriber);
    }

    [Fact]
    public void A_users_channel_says_which_session_a_frame_is_of()
    {
        Assert.Equal("""{"session_id":"a\u0022b","type":"message"}"""u8.ToArray(), PublicChannels.Named(new SessionId("a\"b"), """{"type":"message"}"""u8));
    }

    private IReadOnlyList<JsonElement> Of(string channel) => [.. _heard.Where(heard => heard.Channel == channel).Select(heard => heard.Frame)];
}
