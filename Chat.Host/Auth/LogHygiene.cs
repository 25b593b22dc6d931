using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Chat.Host.Auth;

/// <summary>Keeps credentials out of the log, whatever level and rules are configured.</summary>
internal static class LogHygiene
{
    /// <summary>Categories that write parts of a request as they came, with the least level that does not.</summary>
    private static readonly (string Category, LogLevel Level)[] Quiet =
    [
        // Each request's address, at Information. RedactingServer has cleaned it; this holds if another server stands in its place.
        ("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning),
        // The offending line of a request that cannot be parsed, at Debug: a request line with its token, an Authorization header.
        ("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.Information),
    ];

    public static void AddTo(IServiceCollection services)
    {
        var server = services.LastOrDefault(service => service.ServiceType == typeof(IServer))
            ?? throw new InvalidOperationException("The web server must be registered before the log can be guarded.");
        services.RemoveAll<IServer>();
        services.AddSingleton<IServer>(provider => new RedactingServer(Make(provider, server)));
        services.PostConfigure<LoggerFilterOptions>(Apply);
    }

    /// <summary>A server that was registered later would hide the guard, and with it every <c>?token=</c>.</summary>
    public static void Check(IServiceProvider provider)
    {
        if (provider.GetRequiredService<IServer>() is not RedactingServer)
            throw new InvalidOperationException("The web server was registered after AddAuth: tokens in addresses would reach the log.");
    }

    /// <summary>A rule of a provider's own beats a general one however exact, so each provider that has rules gets these too.</summary>
    private static void Apply(LoggerFilterOptions filters)
    {
        var providers = filters.Rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToList();
        foreach (var provider in providers)
            foreach (var (category, level) in Quiet)
                filters.Rules.Add(new LoggerFilterRule(provider, category, level, null));
    }

    private static IServer Make(IServiceProvider provider, ServiceDescriptor server) =>
        (IServer)(server.ImplementationInstance
            ?? server.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, server.ImplementationType!));
}
