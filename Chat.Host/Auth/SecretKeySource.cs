using Chat.Host.Configuration;

namespace Chat.Host.Auth;

/// <summary>The one key of HS256, whatever <c>kid</c> a token names.</summary>
internal sealed class SecretKeySource(JwtOptions options) : IKeySource
{
    private readonly IReadOnlyList<VerificationKey> _keys =
        [VerificationKey.Of(VerificationKey.OfSecret(options.SecretKey), options)];

    public ValueTask<IReadOnlyList<VerificationKey>?> FindAsync(string? kid, CancellationToken cancellation) => new(_keys);
}
