namespace Chat.Protocol;

/// <summary>The authenticated one on whose behalf a command is decided.</summary>
/// <param name="Name">Shown name: nickname, else the token's name, else the user id.</param>
/// <param name="IsAdmin">May read any session and manage it.</param>
/// <param name="IsAgent">May stream answers through its own socket.</param>
public sealed record Caller(string UserId, string Name, bool IsAdmin = false, bool IsAgent = false)
{
    /// <summary>The server itself: agent runs, projections, clean-up.</summary>
    public static readonly Caller Server = new("", "server", IsAdmin: true, IsAgent: true);
}
