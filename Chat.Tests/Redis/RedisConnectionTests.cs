using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Chat.Actors.Cluster;
using Chat.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Chat.Tests.Redis;

/// <summary>The connection over a network that is slow to let it through.</summary>
[RequiresRedis]
public sealed class RedisConnectionTests : IAsyncLifetime
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [ContractFact]
    public async Task It_is_open_when_what_is_subscribed_to_is_heard()
    {
        await using var gate = new Gate(_redis.Port);
        var opening = OpenAsync($"redis://127.0.0.1:{gate.Port}", "slow");
        await gate.Waiting;
        // Longer than the library itself waits for it.
        await Assert.ThrowsAsync<TimeoutException>(() => opening.WaitAsync(TimeSpan.FromSeconds(1.5)));
        gate.Open();
        await using var connection = await opening;
        Assert.True(connection.Subscriber.IsConnected());
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Subscriber.Subscribe("early", (_, _) => heard.TrySetResult(), CommandFlags.FireAndForget);

        await using var other = await OpenAsync(_redis.Url, "other");
        await Eventually.TrueAsync(async () =>
        {
            await other.Subscriber.PublishAsync("early", "word");
            return heard.Task.IsCompleted;
        });
    }

    [ContractFact]
    public async Task One_that_says_nothing_for_ever_is_replaced_and_hears_again_what_the_bus_listens_to()
    {
        await using var gate = new Gate(_redis.Port);
        gate.Open();
        await using var connection = await OpenAsync($"redis://127.0.0.1:{gate.Port}", "node");
        await using var bus = new RedisBus(connection, "node", Key, TimeProvider.System, NullLogger.Instance);
        var heard = new ConcurrentQueue<string>();
        bus.Subscribe("topic", message => heard.Enqueue(Encoding.UTF8.GetString(message.Span)));
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bus.Restored += () => restored.TrySetResult();
        await using var other = await OpenAsync(_redis.Url, "other");
        await using var speaker = new RedisBus(other, "other", Key, TimeProvider.System, NullLogger.Instance);
        await Eventually.TrueAsync(async () => await speaker.TryPublishAsync("topic", "before"u8.ToArray()) && heard.Contains("before"));

        // What is sent is taken, and nothing comes back: no end, no fault, for as long as the sockets are open.
        gate.Silence();
        await restored.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => await speaker.TryPublishAsync("topic", "after"u8.ToArray()) && heard.Contains("after"));
        Assert.True((await connection.Database.PingAsync()) > TimeSpan.Zero);
    }

    [ContractFact]
    public async Task One_whose_Redis_is_away_comes_back_with_it_and_commands_go_through()
    {
        await using var connection = await OpenAsync(_redis.Url, "node");
        await _redis.StopAsync();
        // Longer than it is trusted: others are tried beside it, in vain.
        await Task.Delay(TimeSpan.FromSeconds(4));
        await _redis.StartAgainAsync();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return await connection.Database.StringSetAsync("k", "v").InTimeAsync(TimeProvider.System);
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                return false;
            }
        });
    }

    private static Task<RedisConnection> OpenAsync(string url, string name) =>
        RedisConnection.OpenAsync(url, name, TimeProvider.System, NullLogger.Instance, doubtedAfter: TimeSpan.FromSeconds(1));

    /// <summary>Lets one connection through, and the others when it is opened.</summary>
    private sealed class Gate : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _closing = new();
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly int _target;
        private readonly Task _accepting;
        private volatile TaskCompletionSource _silence = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Gate(int target)
        {
            _target = target;
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        /// <summary>One does that has not been let through.</summary>
        public Task Waiting => _waiting.Task;

        public void Open() => _open.TrySetResult();

        /// <summary>From now on nothing comes back to those that are through; new ones are answered.</summary>
        public void Silence()
        {
            var silence = _silence;
            _silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            silence.SetResult();
        }

        public async ValueTask DisposeAsync()
        {
            await _closing.CancelAsync();
            await _accepting;
            _listener.Dispose();
            _closing.Dispose();
        }

        private async Task AcceptAsync()
        {
            var links = new List<Task>();
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync(_closing.Token);
                    if (links.Count > 0)
                    {
                        _waiting.TrySetResult();
                    }
                    links.Add(LinkAsync(client, links.Count == 0 ? Task.CompletedTask : _open.Task));
                }
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(links);
            }
        }

        private async Task LinkAsync(TcpClient client, Task open)
        {
            using (client)
            using (var server = new TcpClient())
            {
                try
                {
                    await open.WaitAsync(_closing.Token);
                    var silence = _silence.Task;
                    await server.ConnectAsync(IPAddress.Loopback, _target, _closing.Token);
                    await Task.WhenAny(
                        client.GetStream().CopyToAsync(server.GetStream(), _closing.Token), server.GetStream().CopyToAsync(client.GetStream(), _closing.Token), silence);
                    if (silence.IsCompleted)
                    {
                        server.Close();
                        await client.GetStream().CopyToAsync(Stream.Null, _closing.Token);
                    }
                }
                catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
                {
                    // Either end has gone; so does the other.
                }
            }
        }
    }
}
