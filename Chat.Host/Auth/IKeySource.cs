namespace Chat.Host.Auth;

/// <summary>Where the keys come from.</summary>
internal interface IKeySource
{
    /// <summary>The keys to try for a token that names <paramref name="kid"/>; null while no key set could be loaded at all.</summary>
    ValueTask<IReadOnlyList<VerificationKey>?> FindAsync(string? kid, CancellationToken cancellation);
}
