using System.Buffers.Text;
using System.Text.Json;
using Chat.Host.Auth;
using Chat.Host.Configuration;

namespace Chat.Bench.Servers;

/// <summary>Where the users of a run and their tokens come from.</summary>
internal abstract class Tokens
{
    /// <summary>Of the user with that number, from 0 on.</summary>
    public virtual string UserId(int user) => $"bench-{user}";

    /// <param name="isAgent">With the role that an outside agent needs.</param>
    public abstract Task<string> GetAsync(int user, bool isAgent, CancellationToken cancellation);

    public static Tokens FromSecret(string secret) => new Minted(secret);

    /// <exception cref="BenchException">The file has no token, or something else.</exception>
    public static Tokens FromFile(FileInfo file) => new Listed(file);

    public static Tokens FromServer(HttpClient http) => new Asked(http);

    private sealed class Minted(string secret) : Tokens
    {
        private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

        private readonly TokenIssuer _issuer = new(new JwtOptions { SecretKey = secret }, TimeProvider.System);

        public override Task<string> GetAsync(int user, bool isAgent, CancellationToken cancellation) =>
            Task.FromResult(_issuer.Issue(UserId(user), null, isAgent ? Roles.Agent : Roles.None, Lifetime));
    }

    /// <summary>One token to a line, as <c>chat token --users</c> prints them; taken in turn, whatever their roles.</summary>
    private sealed class Listed : Tokens
    {
        private readonly (string UserId, string Token)[] _users;

        public Listed(FileInfo file)
        {
            _users = [.. File.ReadLines(file.FullName).Where(line => line.Length > 0).Select(line => (SubjectOf(line, file), line))];
            if (_users.Length == 0)
            {
                throw new BenchException($"{file} holds no token");
            }
        }

        public override string UserId(int user) => _users[user % _users.Length].UserId;

        public override Task<string> GetAsync(int user, bool isAgent, CancellationToken cancellation) => Task.FromResult(_users[user % _users.Length].Token);

        private static string SubjectOf(string token, FileInfo file)
        {
            try
            {
                using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
                return claims.RootElement.GetProperty("sub").GetString()!;
            }
            catch (Exception e) when (e is FormatException or JsonException or IndexOutOfRangeException or KeyNotFoundException or InvalidOperationException)
            {
                throw new BenchException($"{file} holds a line that is no token: one JWT to a line");
            }
        }
    }

    /// <summary>By the endpoint that a server in development mode has.</summary>
    private sealed class Asked(HttpClient http) : Tokens
    {
        public override async Task<string> GetAsync(int user, bool isAgent, CancellationToken cancellation)
        {
            using var answer = await http.GetAsync(new Uri($"/dev/token?user={UserId(user)}&roles={(isAgent ? RoleNames.Agent : "")}", UriKind.Relative), cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new BenchException($"The server gives no tokens ({(int)answer.StatusCode} from /dev/token): say --secret-env or --tokens");
            }
            using var json = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
            return json.RootElement.GetProperty("token").GetString()!;
        }
    }
}
