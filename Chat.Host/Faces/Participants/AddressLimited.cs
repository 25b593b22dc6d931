using Chat.Host.Connections;
using Chat.Host.Endpoints;

namespace Chat.Host.Faces.Participants;

/// <summary>What needs no identity is limited by the address that it comes from.</summary>
internal static class AddressLimited
{
    public static RouteGroupBuilder LimitByAddress(this RouteGroupBuilder group) => group.AddEndpointFilter(async (context, next) =>
        context.HttpContext.RequestServices.GetRequiredService<AddressLimits>().Take(context.HttpContext) is { } limited
            ? new Refusal(limited)
            : await next(context));
}
