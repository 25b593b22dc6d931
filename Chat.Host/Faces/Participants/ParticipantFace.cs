using Chat.Host.Auth;
using Chat.Host.Configuration;
using Chat.Host.Connections;

namespace Chat.Host.Faces.Participants;

/// <summary>What a socket of the participant face works with.</summary>
/// <param name="ProofRequired">The id alone lets nobody in.</param>
internal sealed record ParticipantServices(FaceServices Common, SessionCodes Codes, AddressLimits Limits, ParticipantProof Proof, bool ProofRequired);

/// <summary>People who join by a code and a nickname (seeds 000, 001): registers and maps everything of this folder.</summary>
internal static class ParticipantFace
{
    public static IServiceCollection AddParticipants(this IServiceCollection services, ChatOptions options)
    {
        services.AddSingleton(provider =>
        {
            var node = provider.GetRequiredService<ChatNode>();
            return new SessionCodes(node.Names, node.Gateway);
        });
        services.AddSingleton(provider => new AddressLimits(options.Participants.RequestsPerMinute, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(new ParticipantProof(options.Jwt));
        services.AddSingleton(provider => new ParticipantServices(
            provider.GetRequiredService<FaceServices>(), provider.GetRequiredService<SessionCodes>(), provider.GetRequiredService<AddressLimits>(),
            provider.GetRequiredService<ParticipantProof>(), options.Participants.RequireProof && !options.IsDevelopment));
        return services;
    }

    public static IEndpointRouteBuilder MapParticipants(this IEndpointRouteBuilder routes) => routes.MapJoin().MapStatus().MapParticipantSocket();
}
