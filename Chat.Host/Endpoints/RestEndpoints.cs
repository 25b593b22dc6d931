using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Endpoints.Metrics;
using Chat.Protocol;
using Microsoft.AspNetCore.Diagnostics;

namespace Chat.Host.Endpoints;

/// <summary>The HTTP face: registers and maps everything of this folder.</summary>
public static class RestEndpoints
{
    /// <summary>A page that searches while someone types may have a few under way.</summary>
    private const int SearchesPerUser = 3;

    /// <summary>Over SQLite each has a thread, for three seconds at most.</summary>
    private const int SearchesInAll = 8;

    private static readonly TimeSpan SearchWait = TimeSpan.FromSeconds(2);

    public static IServiceCollection AddRest(this IServiceCollection services, ChatOptions options)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);
            json.SerializerOptions.Converters.Add(new WireTimeConverter());
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, RestJson.Default);
        });
        services.AddSingleton(provider =>
        {
            var node = provider.GetRequiredService<ChatNode>();
            return new SessionCreation(node.Gateway, node.Names, node.RateLimiter, provider.GetRequiredService<Agents.AgentCatalog>());
        });
        services.AddSingleton(_ => new SearchTurns(SearchesPerUser, SearchesInAll, SearchWait));
        services.AddSingleton<StorageHealth>();
        services.AddSingleton<MetricsCollector>();
        services.AddSingleton<NodeStatus>();
        return services.AddDescription(options);
    }

    /// <summary>After routing and identity, before whatever takes the addresses that are left.</summary>
    public static WebApplication MapRest(this WebApplication app)
    {
        // What the framework refuses (no such route, wrong method) has no body of its own.
        app.UseStatusCodePages(ExplainAsync);
        app.MapSessions().MapMessages().MapMembers().MapRead().MapSearch().MapStreams().MapFiles().MapAgents().MapHealth().MapMetrics().MapCluster();
        // From here on, so that nothing is measured before someone listens.
        _ = app.Services.GetRequiredService<MetricsCollector>();
        // Answers other nodes, whether it is asked here or not.
        _ = app.Services.GetRequiredService<NodeStatus>();
        return app.MapDescription(app.Services.GetRequiredService<ChatOptions>());
    }

    /// <summary>A group of endpoints that know their caller and refuse in one form; what they answer is for that caller alone.</summary>
    internal static RouteGroupBuilder MapApi(this IEndpointRouteBuilder routes, string prefix, string tag) =>
        routes.MapPublicApi(prefix, tag).RequireIdentity();

    /// <summary>The same for anyone.</summary>
    internal static RouteGroupBuilder MapPublicApi(this IEndpointRouteBuilder routes, string prefix, string tag) =>
        routes.MapGroup(prefix).AddEndpointFilter<RestFaults>().AddEndpointFilter(NeverStored).WithTags(tag);

    private static ValueTask<object?> NeverStored(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        context.HttpContext.Response.Headers.CacheControl = "no-store";
        return next(context);
    }

    private static Task ExplainAsync(StatusCodeContext status)
    {
        var context = status.HttpContext;
        var (code, detail) = context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => (ErrorCode.NotFound.Name(), "There is nothing at this address"),
            StatusCodes.Status405MethodNotAllowed => ("METHOD_NOT_ALLOWED", $"This address does not take {context.Request.Method}"),
            StatusCodes.Status413PayloadTooLarge => (ErrorCode.TooLarge.Name(), "The body is too large"),
            StatusCodes.Status415UnsupportedMediaType => (ErrorCode.UnsupportedType.Name(), "The body is of a type that is not taken here"),
            >= 500 => ("INTERNAL", "The server failed"),
            _ => (ErrorCode.BadField.Name(), "The request is not valid"),
        };
        return Problems.WriteAsync(context, code, context.Response.StatusCode, detail);
    }
}
