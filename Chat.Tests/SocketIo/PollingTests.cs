using System.Net.Http.Headers;
using System.Text;
using Chat.Host.SocketIo.Engine;

namespace Chat.Tests.SocketIo;

/// <summary>Long-polling, request by request.</summary>
public sealed class PollingTests
{
    private const string Unknown = """400 {"code":1,"message":"Session ID unknown"}""";
    private const string Bad = """400 {"code":3,"message":"Bad request"}""";

    [Fact]
    public async Task Packets_of_one_POST_come_back_in_one_poll()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        Assert.Equal("200 ok", await client.PostAsync("4hello\u001ebAQIDBA==\u001e4한글\u001e6"));
        Assert.Equal("200 4hello\u001ebAQIDBA==\u001e4한글", await client.PollAsync());
    }

    [Fact]
    public async Task A_poll_that_waits_is_answered_by_the_first_packet()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        for (var i = 0; i < 3; i++)
        {
            var poll = await client.WaitAsync();
            Assert.Equal("200 ok", await client.PostAsync($"4{i}"));
            Assert.Equal($"200 4{i}", await poll);
        }
    }

    [Fact]
    public async Task A_second_poll_is_refused_and_ends_the_session()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var first = await client.WaitAsync();
        Assert.Equal(Bad, await client.PollAsync());
        Assert.Equal("200 1", await first);
        Assert.Equal(Unknown, await client.PollAsync());
        Assert.Equal(0, host.Engine.Count);
    }

    [Fact]
    public async Task A_second_POST_is_refused_and_ends_the_session()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var poll = await client.WaitAsync();
        var slow = new SlowContent("4never ends");
        using var request = new HttpRequestMessage(HttpMethod.Post, client.Query) { Content = slow };
        var first = host.Http.SendAsync(request);
        await SocketIoHost.UntilAsync(() => host.Sessions.Single().Polling!.IsPosting);
        Assert.Equal(Bad, await client.PostAsync("4second"));
        Assert.Equal("200 1", await poll);
        slow.End();
        using var answer = await first;
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("\u001e")]
    [InlineData("2")]
    [InlineData("2probe")]
    [InlineData("0{}")]
    [InlineData("5")]
    [InlineData("b***")]
    public async Task A_body_that_is_none_ends_the_session(string body)
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var other = await PollingClient.OpenAsync(host);
        var poll = await client.WaitAsync();
        Assert.Equal(Bad, await client.PostAsync(body));
        Assert.Equal("200 1", await poll);
        Assert.Equal(Unknown, await client.PollAsync());
        Assert.Equal(Unknown, await client.PostAsync("4a"));
        Assert.Equal("200 ok", await other.PostAsync("4a"));
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.ParseError]));
    }

    [Fact]
    public async Task A_body_of_invalid_UTF8_or_of_bytes_ends_the_session()
    {
        await using var host = await SocketIoHost.StartAsync();
        Assert.Equal(Bad, await (await PollingClient.OpenAsync(host)).PostAsync([(byte)'4', 0xff, 0xfe]));
        Assert.Equal(Bad, await (await PollingClient.OpenAsync(host)).PostAsync([(byte)'4', (byte)'a'], "application/octet-stream"));
        Assert.Equal("200 ok", await (await PollingClient.OpenAsync(host)).PostAsync([(byte)'4', (byte)'a'], contentType: null));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_gets_413(bool isChunked)
    {
        await using var host = await SocketIoHost.StartAsync(new EngineOptions { MaxPayload = 1000 });
        var client = await PollingClient.OpenAsync(host);
        Assert.Equal("200 ok", await client.PostAsync('4' + new string('x', 999)));
        using var request = new HttpRequestMessage(HttpMethod.Post, client.Query)
        {
            Content = new StringContent('4' + new string('x', 1000)),
            Headers = { TransferEncodingChunked = isChunked },
        };
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(413, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_close_gives_the_waiting_poll_back()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        var poll = await client.WaitAsync();
        Assert.Equal("200 ok", await client.PostAsync("1\u001e4not heard any more"));
        Assert.Equal("200 6", await poll);
        Assert.Equal(Unknown, await client.PollAsync());
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.ClosedByClient]));
    }

    [Fact]
    public async Task A_close_that_overtakes_the_poll_answers_it_once()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        Assert.Equal("200 ok", await client.PostAsync("1"));
        Assert.Equal(Unknown, await client.PostAsync("4a"));
        Assert.Equal("200 6", await client.PollAsync());
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task A_closed_session_is_not_remembered_for_ever()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        Assert.Equal("200 ok", await client.PostAsync("1"));
        host.Time.Advance(host.Engine.Options.PingTimeout);
        Assert.Equal(0, host.Engine.Count);
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task A_server_that_closes_says_so_after_what_is_queued()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        host.Sessions.Single().SendText("bye"u8);
        host.Sessions.Single().Close(1008, "Removed");
        host.Sessions.Single().SendText("too late"u8);
        Assert.Equal("200 4bye\u001e1", await client.PollAsync());
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task An_end_behind_a_poll_that_is_being_answered_is_for_the_next_one()
    {
        await using var host = await SocketIoHost.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            var client = await PollingClient.OpenAsync(host);
            var poll = await client.WaitAsync();
            var session = host.Sessions.Last();
            session.SendText("bye"u8);
            await Task.WhenAll(Task.Run(() => session.Close(1008, "Removed")), poll);
            Assert.True(await poll is "200 4bye\u001e1" || await client.PollAsync() is "200 1", await poll);
        }
    }

    [Fact]
    public async Task Who_gives_up_a_poll_has_gone()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var cancel = new CancellationTokenSource();
        var poll = await client.WaitAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => poll);
        await SocketIoHost.UntilAsync(() => host.Ends.SequenceEqual([EngineEndReason.TransportError]) && host.Engine.Count == 0);
        Assert.Equal(Unknown, await client.PollAsync());
    }

    [Fact]
    public async Task Only_GET_and_POST_are_requests_of_a_session()
    {
        await using var host = await SocketIoHost.StartAsync();
        var client = await PollingClient.OpenAsync(host);
        using var request = new HttpRequestMessage(HttpMethod.Put, client.Query);
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("200 ok", await client.PostAsync("4a"));
    }

    [Fact]
    public async Task A_session_on_a_WebSocket_is_not_polled()
    {
        await using var host = await SocketIoHost.StartAsync();
        using var socket = await EngineSocket.ConnectAsync(host);
        var intruder = new PollingClient(host, "/engine.io/", host.Sessions.Single().Id);
        Assert.Equal(Bad, await intruder.PollAsync());
        Assert.Equal(Bad, await intruder.PostAsync("4a"));
        await socket.SendAsync("4still here");
        Assert.Equal("4still here", await socket.ReadAsync());
    }

    /// <summary>A body whose end the test decides.</summary>
    private sealed class SlowContent : HttpContent
    {
        private readonly byte[] _begin;
        private readonly TaskCompletionSource _end = new();

        public SlowContent(string begin)
        {
            _begin = Encoding.UTF8.GetBytes(begin);
            Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        }

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(_begin);
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
