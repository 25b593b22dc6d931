using Chat.Host.Configuration;
using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

public sealed class ChatConfigurationTests : IDisposable
{
    private static readonly Dictionary<string, string?> Secret = new() { ["JWT_SECRET_KEY"] = "a-secret-of-thirty-two-bytes-or-more" };
    private readonly string _folder = Directory.CreateTempSubdirectory("hocon").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_a_word_it_is_production()
    {
        var (_, options) = ChatConfiguration.Load(environment: Secret);

        Assert.Equal(ChatMode.Production, options.Mode);
        Assert.True(options.RateLimit.Enabled);
        Assert.Equal("0.0.0.0", options.Service.Address);
    }

    [Fact]
    public void Production_without_a_secret_does_not_start()
    {
        var refused = Assert.Throws<ChatConfigurationException>(() => ChatConfiguration.Load(environment: new Dictionary<string, string?>()));

        Assert.Contains("set JWT_SECRET_KEY to a secret of your own", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Development_needs_nothing_and_listens_on_loopback()
    {
        var (_, options) = ChatConfiguration.Load(modeOrFile: "development", environment: new Dictionary<string, string?>());

        Assert.True(options.IsDevelopment);
        Assert.Equal(("127.0.0.1", "Debug"), (options.Service.Address, options.Service.LogLevel));
        Assert.All(options.Agents, agent => Assert.Equal("echo", agent.Provider));
    }

    [Theory]
    [InlineData("development")]
    [InlineData("production")]
    public void The_environment_wins_over_the_files_and_overrides_win_over_the_environment(string mode)
    {
        var environment = new Dictionary<string, string?>(Secret) { ["LOG_LEVEL"] = "ERROR", ["SERVICE_PORT"] = "1", ["RATE_LIMIT_MESSAGES_PER_MINUTE"] = "7" };
        var overrides = new Dictionary<string, string> { ["chat.service.port"] = "2", ["chat.websocket.heartbeat-interval"] = "10", ["chat.service.hosts"] = "[\"a.example\"]", ["chat.agents.2.name"] = "Two" };

        var (configuration, options) = ChatConfiguration.Load(modeOrFile: mode, environment: environment, overrides: overrides);

        Assert.Equal(("Error", 2, 7), (options.Service.LogLevel, options.Service.Port, options.RateLimit.MessagesPerMinute));
        Assert.Equal(TimeSpan.FromSeconds(10), options.WebSocket.HeartbeatInterval);
        Assert.Equal(["a.example"], options.Service.Hosts);
        Assert.Equal("Two", options.Agents[1].Name);
        Assert.Equal("2", configuration["chat:service:port"]);
    }

    [Theory]
    [InlineData("chat.service.port", "x", "--set chat.service.port: chat.service.port: is no whole number")]
    [InlineData("chat.service.prot", "1", "--set chat.service.prot: chat.service.prot: is no setting; the nearest is chat.service.port")]
    [InlineData("chat..port", "1", "--set chat..port: a path has an empty key")]
    [InlineData("chat.a b", "1", "--set chat.a b: a key is words")]
    [InlineData("service.port", "1", "--set service.port: only keys under chat")]
    public void A_wrong_override_is_named(string key, string value, string message)
    {
        var refused = Assert.ThrowsAny<ChatConfigurationException>(() => ChatConfiguration.Load(environment: Secret, overrides: new Dictionary<string, string> { [key] = value }));

        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CHAT_CONFIG_names_a_file_and_the_caller_s_word_goes_before_it()
    {
        var own = Path.Combine(_folder, "own.conf");
        File.WriteAllText(own, $"include required(\"{Path.Combine(ChatConfiguration.FindFolder(), "production.conf")}\")\nchat.service.name = own");
        var environment = new Dictionary<string, string?>(Secret) { ["CHAT_CONFIG"] = own };

        Assert.Equal("own", ChatConfiguration.Load(environment: environment).Options.Service.Name);
        Assert.Equal("own", ChatConfiguration.Load(modeOrFile: own, environment: Secret).Options.Service.Name);
        Assert.Equal("chat-service", ChatConfiguration.Load(modeOrFile: "production", environment: environment).Options.Service.Name);
    }

    [Fact]
    public void A_folder_of_one_s_own_is_read_as_it_is()
    {
        File.WriteAllText(Path.Combine(_folder, "cluster.conf"), "chat { jwt.secret-key = a-secret-of-thirty-two-bytes-or-more, service.port = 1 }");

        Assert.Equal(1, ChatConfiguration.Load(_folder, "cluster").Options.Service.Port);
        Assert.Contains("there is no such file", Assert.Throws<HoconException>(() => ChatConfiguration.Load(_folder, "production", Secret)).Message, StringComparison.Ordinal);
    }
}
