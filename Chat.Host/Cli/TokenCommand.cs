using System.CommandLine;
using Chat.Host.Auth;
using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Cli;

/// <summary><c>chat token</c>: tokens that a server of the same configuration takes, one a line.</summary>
internal sealed class TokenCommand : Command
{
    private readonly Option<string?> _user = new("--user") { Description = "The user id; user-1 where nothing is said.", HelpName = "ID" };
    private readonly Option<int?> _users = new("--users") { Description = "As many tokens, for user-1 to user-N.", HelpName = "N" };
    private readonly Option<string?> _name = new("--name") { Description = "The name that others are shown.", HelpName = "NAME" };
    private readonly Option<string?> _roles = new("--roles") { Description = "admin, agent, or both between a comma.", HelpName = "ROLES" };
    private readonly Option<string> _lifetime = new("--lifetime") { Description = "How long they are good.", HelpName = "1h", DefaultValueFactory = _ => "1h" };

    public TokenCommand(ConfigurationChoice configuration)
        : base("token", "Prints HS256 tokens, one a line.")
    {
        Add(_user);
        Add(_users);
        Add(_name);
        Add(_roles);
        Add(_lifetime);
        _user.Validators.Add(result =>
        {
            if (result.Tokens is [var id] && !Identity.IsUserId(id.Value))
            {
                result.AddError("A user id has 1 to 100 characters, none of them a control.");
            }
        });
        _users.Validators.Add(result =>
        {
            if (result.Tokens is [var count] && !(int.TryParse(count.Value, out var n) && n is >= 1 and <= 1_000_000))
            {
                result.AddError("--users takes 1 to 1000000.");
            }
        });
        _roles.Validators.Add(result =>
        {
            var names = result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            if (names.Any(name => name is not (RoleNames.Admin or RoleNames.Agent)))
            {
                result.AddError("--roles takes admin and agent.");
            }
        });
        _lifetime.Validators.Add(result =>
        {
            if (result.Tokens is [var text] && Lifetime(text.Value) is null)
            {
                result.AddError($"--lifetime takes {HoconUnits.DurationForm}, at most 3650d.");
            }
        });
        Validators.Add(result =>
        {
            if (result.GetResult(_user) is not null && result.GetResult(_users) is not null)
            {
                result.AddError("--user and --users exclude each other.");
            }
        });
        SetAction(parsed => Run(parsed, configuration));
    }

    private int Run(ParseResult parsed, ConfigurationChoice configuration)
    {
        var options = configuration.Load(parsed);
        var issuer = new TokenIssuer(options.Jwt, TimeProvider.System);
        if (!issuer.CanIssue)
        {
            return ChatCommandLine.Refuse($"Tokens are made elsewhere: chat.jwt.algorithm is {options.Jwt.Algorithm}, whose private key is not here.");
        }
        var users = parsed.GetValue(_users) is { } count ? Enumerable.Range(1, count).Select(n => $"user-{n}") : [parsed.GetValue(_user) ?? "user-1"];
        var roles = RoleNames.Parse(parsed.GetValue(_roles));
        var lifetime = Lifetime(parsed.GetValue(_lifetime)!)!.Value;
        foreach (var user in users)
        {
            Console.WriteLine(issuer.Issue(user, parsed.GetValue(_name), roles, lifetime));
        }
        return ChatCommandLine.Ok;
    }

    private static TimeSpan? Lifetime(string text) =>
        HoconUnits.Duration(text, null) is { } lifetime && lifetime >= TimeSpan.FromSeconds(1) && lifetime <= TimeSpan.FromDays(3650) ? lifetime : null;
}
