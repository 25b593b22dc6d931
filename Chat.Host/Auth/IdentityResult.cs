using System.Diagnostics.CodeAnalysis;

namespace Chat.Host.Auth;

public enum IdentityOutcome
{
    /// <summary>The request carries no credential.</summary>
    Anonymous,
    Accepted,
    Refused,

    /// <summary>It cannot be told now, because no key set could be loaded yet: worth coming back.</summary>
    Unavailable,
}

/// <summary>What a credential proved, or why it did not. The reason never holds any of the credential.</summary>
public readonly record struct IdentityResult
{
    private IdentityResult(IdentityOutcome outcome, Identity? identity, string? reason) =>
        (Outcome, Identity, Reason) = (outcome, identity, reason);

    public static IdentityResult Anonymous => default;

    public IdentityOutcome Outcome { get; }

    public Identity? Identity { get; }

    public string? Reason { get; }

    public static IdentityResult Accepted(Identity identity) => new(IdentityOutcome.Accepted, identity, null);

    public static IdentityResult Refused(string reason) => new(IdentityOutcome.Refused, null, reason);

    public static IdentityResult Unavailable(string reason) => new(IdentityOutcome.Unavailable, null, reason);

    public bool IsAccepted([NotNullWhen(true)] out Identity? identity)
    {
        identity = Identity;
        return identity is not null;
    }
}
