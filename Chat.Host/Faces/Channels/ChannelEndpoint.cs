using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;
using Chat.Host.Endpoints;
using Chat.Protocol;

namespace Chat.Host.Faces.Channels;

/// <summary><c>/api/v1/chat/ws/{channel_url}</c>: the channel WebSocket (seed 004), and its door without a token in development.</summary>
internal static class ChannelEndpoint
{
    /// <summary>In the words that one who is not a member is told: whether the channel exists is not.</summary>
    private static readonly Entrance NotFound = Entrance.Refused(CloseCode.Refused, "Session not found");

    public static void MapChannels(this IEndpointRouteBuilder app)
    {
        const string Path = "/api/v1/chat/ws/{channel_url}";
        app.Map(Path, (HttpContext context, string channel_url, FaceSockets sockets, FaceServices services, ChatNode node, Authenticator authenticator) =>
            sockets.RunAsync(context, "channel", async context =>
            {
                var authenticated = await authenticator.AuthenticateAsync(context, CredentialPlaces.Socket);
                return authenticated.IsAccepted(out var identity)
                    ? await AdmitAsync(context, channel_url, identity.ToCaller(), identity.ExpiresAt, services, node.Names)
                    : Entrance.Refused(authenticated);
            }))
            .ExcludeFromDescription();
        if (app.ServiceProvider.GetRequiredService<ChatOptions>().IsDevelopment)
        {
            app.Map(Path + "/test", (HttpContext context, string channel_url, FaceSockets sockets, FaceServices services, ChatNode node) =>
                sockets.RunAsync(context, "channel", async context =>
                    (string?)context.Request.Query["user_id"] is var user && Identity.IsUserId(user)
                        ? await AdmitAsync(context, channel_url, new Caller(user, user), expiresAt: null, services, node.Names)
                        : Entrance.Refused(CloseCode.Refused, "user_id is missing")))
                .ExcludeFromDescription();
        }
    }

    private static async ValueTask<Entrance> AdmitAsync(
        HttpContext context, string channelUrl, Caller caller, DateTimeOffset? expiresAt, FaceServices services, SessionNames names)
    {
        if (!Entrance.TryReadSince(context, out var since))
        {
            return Entrance.Refused(CloseCode.Refused, "since must be a seq");
        }
        // A claim may lead to a session that its claimant did not make: that one does not have the name.
        if (!ChannelUrl.IsWellFormed(channelUrl) || await names.FindAsync("channel", channelUrl, context.RequestAborted) is not { } session
            || (await services.Gateway.ReadAsync(session, context.RequestAborted))?.ChannelUrl != channelUrl)
        {
            return NotFound;
        }
        return new Entrance
        {
            Session = session,
            Caller = caller,
            Who = new Person(caller.UserId, caller.Name),
            Codec = new ChannelCodec(channelUrl),
            ExpiresAt = expiresAt,
            Since = since,
            Open = entered =>
            {
                entered.Hub.Open(entered.Subscriber);
                return new ChannelConnection(services, entered);
            },
        };
    }
}
