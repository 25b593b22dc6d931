using Chat.Host.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Chat.Host.Auth;

/// <summary>Registers everything of this folder.</summary>
public static class AuthServices
{
    /// <summary>After the web server is registered. An <see cref="ITicketLedger"/> or <see cref="TimeProvider"/> that is registered before this stays.</summary>
    public static IServiceCollection AddAuth(this IServiceCollection services, ChatOptions options)
    {
        LogHygiene.AddTo(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ITicketLedger>(provider =>
            new MemoryTicketLedger(options.Jwt.TicketLifetime, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => Keys(options.Jwt, provider));
        services.AddSingleton(provider => new TokenReader(
            options.Jwt, provider.GetRequiredService<IKeySource>(), provider.GetRequiredService<TimeProvider>(), options.IsDevelopment));
        services.AddSingleton(provider => new TokenIssuer(options.Jwt, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Tickets(
            options.Jwt, provider.GetRequiredService<ITicketLedger>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Authenticator>();
        services.AddSingleton(new OriginRules(options.Service, options.IsDevelopment));
        return services;
    }

    private static IKeySource Keys(JwtOptions jwt, IServiceProvider provider) =>
        jwt.Algorithm == "HS256"
            ? new SecretKeySource(jwt)
            : new JwksKeySource(
                jwt,
                JwksReader.From(jwt.Jwks ?? throw new InvalidOperationException("RS256 and ES256 need jwt.jwks.")),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<JwksKeySource>>());
}
