using System.Net;
using System.Net.Sockets;
using Chat.Host.Redis;
using Chat.Tests.Support;
using StackExchange.Redis;

namespace Chat.Tests.Redis;

/// <summary>The connection over a network that is slow to let it through.</summary>
[RequiresRedis]
public sealed class RedisConnectionTests : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [ContractFact]
    public async Task It_is_open_when_what_is_subscribed_to_is_heard()
    {
        await using var gate = new Gate(_redis.Port);
        var opening = RedisConnection.OpenAsync($"redis://127.0.0.1:{gate.Port}", "slow");
        await gate.Waiting;
        // Longer than the library itself waits for it.
        await Assert.ThrowsAsync<TimeoutException>(() => opening.WaitAsync(TimeSpan.FromSeconds(1.5)));
        gate.Open();
        using var connection = await opening;
        Assert.True(connection.GetSubscriber().IsConnected());
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.GetSubscriber().Subscribe("early", (_, _) => heard.TrySetResult(), CommandFlags.FireAndForget);

        using var other = await RedisConnection.OpenAsync(_redis.Url, "other");
        await Eventually.TrueAsync(async () =>
        {
            await other.GetSubscriber().PublishAsync("early", "word");
            return heard.Task.IsCompleted;
        });
    }

    /// <summary>Lets one connection through, and the others when it is opened.</summary>
    private sealed class Gate : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _closing = new();
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly int _target;
        private readonly Task _accepting;

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
                    await server.ConnectAsync(IPAddress.Loopback, _target, _closing.Token);
                    await Task.WhenAny(
                        client.GetStream().CopyToAsync(server.GetStream(), _closing.Token), server.GetStream().CopyToAsync(client.GetStream(), _closing.Token));
                }
                catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
                {
                    // Either end has gone; so does the other.
                }
            }
        }
    }
}
