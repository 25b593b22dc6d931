namespace Chat.Host.Auth;

/// <summary>The roles that mean something here; a token's other roles are dropped.</summary>
[Flags]
public enum Roles
{
    None = 0,
    Admin = 1,
    Agent = 2,
}

/// <summary>Roles as tokens spell them.</summary>
public static class RoleNames
{
    public const string Admin = "admin";
    public const string Agent = "agent";

    /// <summary>Names between commas or spaces; unknown ones count for nothing.</summary>
    public static Roles Parse(string? names)
    {
        var roles = Roles.None;
        foreach (var name in (names ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
            roles |= name switch
            {
                Admin => Roles.Admin,
                Agent => Roles.Agent,
                _ => Roles.None,
            };
        return roles;
    }

    public static IEnumerable<string> Of(Roles roles)
    {
        if (roles.HasFlag(Roles.Admin))
            yield return Admin;
        if (roles.HasFlag(Roles.Agent))
            yield return Agent;
    }
}
