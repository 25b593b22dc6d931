using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Chat.Tests.Endpoints;

public sealed class HealthEndpointsTests : IAsyncLifetime
{
    private readonly RestServer _rest = new();

    public Task InitializeAsync() => _rest.InitializeAsync();

    public Task DisposeAsync() => _rest.DisposeAsync();

    [Fact]
    public async Task A_node_that_works_is_live_and_ready()
    {
        Assert.Equal("""{"status":"live"}""", (await _rest.SendAsync(null, "GET", "/health/live")).Text);
        Assert.Equal("""{"status":"ready"}""", (await _rest.SendAsync(null, "GET", "/health/ready")).Text);
    }

    [Fact]
    public async Task A_node_whose_read_model_stands_still_is_not_ready_and_says_so()
    {
        await _rest.Server.Node.Projector.DisposeAsync();
        await _rest.CreateAsync("mina");

        var ready = await _rest.SendAsync(null, "GET", "/health/ready");
        ready.AssertProblem(503, "STORAGE_UNAVAILABLE");
        Assert.Contains("read model", ready["detail"].GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await _rest.SendAsync(null, "GET", "/health/live")).Status);
    }

    [Fact]
    public async Task A_node_that_stops_is_not_ready_and_ends_its_streams()
    {
        var session = await _rest.CreateAsync("mina");
        var slow = new { content = "tell", metadata = new { echo = new { tokens = 2, first_delay_ms = 600_000 } } };
        using var stream = await EventReader.OpenAsync(_rest.Server.Http, _rest.Request("mina", "POST", $"/api/chat/sessions/{session}/messages/stream", slow));
        Assert.Equal("stream_start", (await stream.NextAsync())!.Type);

        _rest.Server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        Assert.Null(await stream.NextAsync());
        var ready = await _rest.SendAsync(null, "GET", "/health/ready");
        ready.AssertProblem(503, "CLUSTER_UNAVAILABLE");
        Assert.NotNull(ready.Headers.RetryAfter);
    }
}
