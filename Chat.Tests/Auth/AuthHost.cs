using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Chat.Tests.Auth;

/// <summary>A small server on a free port, wired as the real one is.</summary>
internal sealed class AuthHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private AuthHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<AuthHost> StartAsync(ChatOptions? options = null, Action<WebApplicationBuilder>? build = null)
    {
        options ??= new ChatOptions();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuth(options);
        build?.Invoke(builder);

        var app = builder.Build();
        app.UseSecurityHeaders("/docs");
        app.UseOriginAndHostRules();
        app.UseExceptionHandler(faults => faults.Run(context =>
            Problems.WriteAsync(context, "INTERNAL", StatusCodes.Status500InternalServerError, "The server failed.")));
        app.UseRouting();
        app.UseWebSockets();
        app.UseIdentity();
        app.MapTickets();
        if (options.IsDevelopment)
            app.MapDevToken();
        app.MapGet("/me", (Identity caller) => caller.UserId).RequireIdentity();
        app.MapGet("/open", () => "open");
        app.MapGet("/fault", string () => throw new InvalidOperationException("broken"));
        app.MapGet("/docs/index.html", () => "docs");
        app.MapGet("/socket.io/", () => "sid");
        app.MapGet("/download", (Identity caller) => caller.UserId).RequireIdentity(CredentialPlaces.Download);
        app.MapMethods("/write", ["POST", "PUT", "PATCH", "DELETE"], (Identity caller) => caller.UserId).RequireIdentity();
        app.Map("/ws", SocketAsync);
        await app.StartAsync();
        return new AuthHost(app);
    }

    public string Token(string user) =>
        Services.GetRequiredService<TokenIssuer>().Issue(user, null, Roles.None, TimeSpan.FromHours(1));

    public string Ticket(string user) =>
        Services.GetRequiredService<Tickets>().Issue(new(user, user, Roles.None, DateTimeOffset.MaxValue.AddDays(-1)));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>Says who came as the reason of closing.</summary>
    private static async Task SocketAsync(HttpContext context)
    {
        var result = await context.RequestServices.GetRequiredService<Authenticator>().AuthenticateAsync(context, CredentialPlaces.Socket);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(Authenticator.SelectSubprotocol(context));
        await socket.CloseAsync(
            result.IsAccepted(out var caller)
                ? System.Net.WebSockets.WebSocketCloseStatus.NormalClosure
                : System.Net.WebSockets.WebSocketCloseStatus.PolicyViolation,
            caller?.UserId ?? result.Outcome.ToString(),
            context.RequestAborted);
    }
}
