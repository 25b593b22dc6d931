using Chat.Host.Endpoints;

namespace Chat.Host.Auth;

/// <summary>Endpoints that want to know who calls.</summary>
public static partial class RequestIdentity
{
    /// <summary>A participant's id in an address, beside the token that proves it.</summary>
    public const string ParticipantId = "participant_id";

    private sealed record Requirement(CredentialPlaces Places, bool OrParticipant);

    /// <summary>
    /// Only callers with a valid credential reach the endpoint; others get 401. It is done by <see cref="UseIdentity"/> before the
    /// request's body is read. Sockets do not use this: they ask <see cref="Authenticator"/> and close with 1008.
    /// </summary>
    /// <param name="orParticipant">Also reached by one who names a participant and has no other credential: the endpoint asks for the proof, which only the session knows.</param>
    public static TBuilder RequireIdentity<TBuilder>(this TBuilder builder, CredentialPlaces places = CredentialPlaces.Rest, bool orParticipant = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Requirement(places, orParticipant));

    /// <summary>Of an endpoint's metadata: only callers with a valid credential reach it.</summary>
    internal static bool RequiresIdentity(IEnumerable<object> metadata) => metadata.OfType<Requirement>().Any();

    /// <summary>Stands after <c>UseRouting</c>.</summary>
    public static IApplicationBuilder UseIdentity(this IApplicationBuilder app)
    {
        LogHygiene.Check(app.ApplicationServices);
        var authenticator = app.ApplicationServices.GetRequiredService<Authenticator>();
        var log = app.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RequestIdentity));
        return app.Use((context, next) =>
            context.GetEndpoint()?.Metadata.GetMetadata<Requirement>() is { } requirement
                ? AdmitAsync(authenticator, requirement, context, next, log)
                : next(context));
    }

    /// <summary>The caller of an endpoint that has <c>RequireIdentity</c>, or of a socket that was accepted.</summary>
    /// <exception cref="InvalidOperationException">Nobody was let in: the endpoint forgot to ask, or the pipeline has no <c>UseIdentity</c>.</exception>
    public static Identity GetIdentity(this HttpContext context) =>
        context.Features.Get<Identity>() ?? throw new InvalidOperationException("The endpoint has not asked who calls.");

    private static async Task AdmitAsync(
        Authenticator authenticator, Requirement requirement, HttpContext context, RequestDelegate next, ILogger log)
    {
        var result = await authenticator.AuthenticateAsync(context, requirement.Places);
        switch (result.Outcome)
        {
            case IdentityOutcome.Accepted:
            case IdentityOutcome.Anonymous when requirement.OrParticipant && context.Request.Query.ContainsKey(ParticipantId):
                await next(context);
                break;
            case IdentityOutcome.Unavailable:
                await Problems.WriteAsync(
                    context, "CLUSTER_UNAVAILABLE", StatusCodes.Status503ServiceUnavailable, result.Reason!, JwksKeySource.Pause);
                break;
            default:
                LogRefused(log, result.Reason ?? "no credential");
                // RFC 6750, 3.1: an error code only where a credential was given.
                context.Response.Headers.WWWAuthenticate = result.Reason is null ? "Bearer" : "Bearer error=\"invalid_token\"";
                await Problems.WriteAsync(
                    context, "UNAUTHORIZED", StatusCodes.Status401Unauthorized, result.Reason ?? "A bearer token is needed.");
                break;
        }
    }

    [LoggerMessage(300, LogLevel.Debug, "A caller was refused: {Reason}")]
    private static partial void LogRefused(ILogger log, string reason);
}
