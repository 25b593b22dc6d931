using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using Chat.Host.Configuration;
using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

/// <summary>The files that are shipped, against the records that they fill.</summary>
public sealed partial class ChatConfTests
{
    private static readonly Dictionary<string, string?> NoEnvironment = [];
    private static readonly Dictionary<string, string> Secret = new() { ["chat.jwt.secret-key"] = "a-secret-of-thirty-two-bytes-or-more" };
    private static readonly string File = Path.Combine(ChatConfiguration.FindFolder(), "chat.conf");

    [Fact]
    public void Every_key_of_chat_conf_is_known_and_every_known_key_stands_in_it()
    {
        var root = HoconDocument.Read(File, NoEnvironment, Secret);
        var report = new OptionsReport();
        ChatOptionsReader.Read(root, report);

        Assert.Equal(report.Known.Order(), Keys((HoconObject)root.Fields["chat"], "chat").Order());
    }

    [Fact]
    public void Every_property_of_the_options_stands_in_chat_conf_and_every_key_is_a_property()
    {
        var keys = Keys((HoconObject)HoconDocument.Read(File, NoEnvironment).Fields["chat"], "chat");

        // The id of an agent is its key.
        Assert.Equal(Properties(typeof(ChatOptions), "chat").Append("chat.agents.1").Where(key => key != "chat.agents.1.id").Order(), keys.Order());
    }

    [Fact]
    public void The_defaults_of_chat_conf_are_those_of_the_records()
    {
        var options = ChatOptionsReader.Read(HoconDocument.Read(File, NoEnvironment, Secret));

        Assert.Equal(Values(new ChatOptions()), Values(options with { Jwt = options.Jwt with { SecretKey = JwtOptions.DefaultSecretKey } }));
    }

    [Fact]
    public void Production_refuses_the_secret_of_chat_conf()
    {
        var refused = Assert.Throws<ChatConfigurationException>(() => ChatOptionsReader.Read(HoconDocument.Read(File, NoEnvironment)));

        Assert.Matches(@"chat\.conf:\d+: chat\.jwt\.secret-key: production does not start with the default key", refused.Message);
    }

    [Theory]
    [InlineData("SERVICE_NAME", "x", "Service.Name", "x")]
    [InlineData("SERVICE_PORT", "9000", "Service.Port", "9000")]
    [InlineData("DEBUG", "true", "Service.Debug", "True")]
    [InlineData("LOG_LEVEL", "WARNING", "Service.LogLevel", "Warning")]
    [InlineData("CHAT_HOSTS", "[\"a.example\"]", "Service.Hosts", "a.example")]
    [InlineData("CHAT_ORIGINS", "[\"https://a.example\"]", "Service.Origins", "https://a.example")]
    [InlineData("CORS_ORIGINS", "[\"http://a.example\", \"http://b.example:9060\"]", "Service.CorsOrigins", "http://a.example,http://b.example:9060")]
    [InlineData("CHAT_TRUSTED_PROXIES", "[\"10.0.0.7\", \"10.1.0.0/16\"]", "Service.TrustedProxies", "10.0.0.7,10.1.0.0/16")]
    [InlineData("DATA_PATH", "/x", "Storage.DataPath", "/x")]
    [InlineData("DATABASE_URL", "postgresql://u:p@h:5432/d", "Storage.DatabaseUrl", "postgresql://u:p@h:5432/d")]
    [InlineData("REDIS_URL", "rediss://:p%40ss@h:6380/2", "Redis.Url", "rediss://:p%40ss@h:6380/2")]
    [InlineData("REDIS_MAX_CONNECTIONS", "50", "Redis.MaxConnections", "50")]
    [InlineData("REDIS_POOL_SIZE", "8", "Redis.PoolSize", "8")]
    [InlineData("CHAT_REDIS_INBOUND", "on", "Redis.Inbound", "True")]
    [InlineData("CHAT_ENGINE", "akka", "Engine", "Akka")]
    [InlineData("CHAT_AKKA_HOST", "10.0.0.7", "Cluster.Akka.Host", "10.0.0.7")]
    [InlineData("CHAT_AKKA_PORT", "4053", "Cluster.Akka.Port", "4053")]
    [InlineData("CHAT_AKKA_SEEDS", "[\"10.0.0.7:4053\", \"node-b:4053\"]", "Cluster.Akka.Seeds", "10.0.0.7:4053,node-b:4053")]
    [InlineData("CHAT_AKKA_CONFIG", "/etc/chat/cluster.conf", "Cluster.Akka.Config", "/etc/chat/cluster.conf")]
    [InlineData("CHAT_NODE_ADDRESS", "http://10.0.0.7:8003", "Cluster.Address", "http://10.0.0.7:8003")]
    [InlineData("DATABASE_POOL_SIZE", "5", "Storage.PoolSize", "5")]
    [InlineData("DATABASE_MAX_OVERFLOW", "6", "Storage.MaxOverflow", "6")]
    [InlineData("JWT_SECRET_KEY", "another-secret-of-thirty-two-bytes-or-more", "Jwt.SecretKey", "another-secret-of-thirty-two-bytes-or-more")]
    [InlineData("JWT_ALGORITHM", "hs256", "Jwt.Algorithm", "HS256")]
    [InlineData("JWT_JWKS", "https://a.example/keys", "Jwt.Jwks", "https://a.example/keys")]
    [InlineData("WS_MAX_CONNECTIONS", "1000", "WebSocket.MaxConnections", "1000")]
    [InlineData("WS_HEARTBEAT_INTERVAL", "20", "WebSocket.HeartbeatInterval", "00:00:20")]
    [InlineData("WS_CONNECTION_TIMEOUT", "200", "WebSocket.ConnectionTimeout", "00:03:20")]
    [InlineData("WS_MESSAGE_SIZE_LIMIT", "32768", "WebSocket.MessageSizeLimit", "32768")]
    [InlineData("WS_USE_SSL", "false", "Service.UseSsl", "False")]
    [InlineData("STREAM_CHUNK_SIZE", "20", "Stream.ChunkSize", "20")]
    [InlineData("STREAM_DELAY_MS", "70", "Stream.Delay", "00:00:00.0700000")]
    [InlineData("RATE_LIMIT_ENABLED", "true", "RateLimit.Enabled", "True")]
    [InlineData("RATE_LIMIT_MESSAGES_PER_MINUTE", "70", "RateLimit.MessagesPerMinute", "70")]
    [InlineData("DEV_AUTO_AGENT", "0", "Sessions.DevAutoAgent", "0")]
    [InlineData("MAX_FILE_SIZE", "2048", "Files.MaxSize", "2048")]
    [InlineData("ALLOWED_FILE_TYPES", "[\"image/png\", \"text/plain\"]", "Files.AllowedTypes", "image/png,text/plain")]
    [InlineData("FILE_STORAGE_TYPE", "local", "Files.Storage", "Disk")]
    [InlineData("FILE_STORAGE_PATH", "/tmp/chat-files", "Files.Path", "/tmp/chat-files")]
    [InlineData("S3_BUCKET_NAME", "b", "Files.S3.Bucket", "b")]
    [InlineData("AWS_REGION", "ap-northeast-2", "Files.S3.Region", "ap-northeast-2")]
    [InlineData("AWS_ENDPOINT_URL_S3", "http://localhost:9000", "Files.S3.Endpoint", "http://localhost:9000")]
    [InlineData("AWS_ACCESS_KEY_ID", "a", "Files.S3.AccessKeyId", "a")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "s", "Files.S3.SecretAccessKey", "s")]
    [InlineData("OPENAI_BASE_URL", "http://localhost:11434/v1", "Agents.0.Address", "http://localhost:11434/v1")]
    [InlineData("OPENAI_MODEL", "m", "Agents.0.Model", "m")]
    [InlineData("OPENAI_API_KEY", "k", "Agents.0.ApiKey", "k")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317", "Telemetry.OtlpEndpoint", "http://localhost:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "Telemetry.OtlpProtocol", "grpc")]
    public void A_variable_of_the_environment_reaches_its_option(string variable, string value, string property, string expected)
    {
        var environment = new Dictionary<string, string?> { ["JWT_SECRET_KEY"] = "a-secret-of-thirty-two-bytes-or-more", [variable] = value };

        Assert.Equal(expected, Values(ChatOptionsReader.Read(HoconDocument.Read(File, environment)))[property]);
        Assert.Contains($"${{?{variable}}}", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
    }

    [Fact]
    public void No_variable_is_named_that_the_test_above_does_not_try()
    {
        var tried = typeof(ChatConfTests).GetMethod(nameof(A_variable_of_the_environment_reaches_its_option))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(data => (string)((IReadOnlyList<CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!)[0].Value!);
        var named = Variable().Matches(System.IO.File.ReadAllText(File)).Select(match => match.Groups[1].Value).Where(name => name != "NAME");

        Assert.Equal(tried.Order(), named.Distinct().Order());
    }

    [Fact]
    public void The_agent_in_the_comment_of_chat_conf_can_be_used()
    {
        var lines = System.IO.File.ReadAllLines(File).SkipWhile(line => line.Trim() != "# 2 {").TakeWhile(line => line.Contains('#', StringComparison.Ordinal));
        var example = string.Join('\n', lines.Select(line => line.Trim().TrimStart('#')));
        var root = (HoconObject)HoconDocument.Parse(
            $"chat {{ jwt.secret-key = {Secret["chat.jwt.secret-key"]}, agents {{ {example} }} }}", "test.conf", new Dictionary<string, string?> { ["OPENAI_API_KEY"] = "k" });

        Assert.Equal(("Assistant", "openai", "k"), ChatOptionsReader.Read(root).Agents is [var agent] ? (agent.Name, agent.Provider, agent.ApiKey) : default);
    }

    private static IEnumerable<string> Keys(HoconObject fields, string path)
    {
        foreach (var (key, value) in fields.Fields)
        {
            yield return $"{path}.{key}";
            if (value is not HoconObject below) continue;
            foreach (var name in Keys(below, $"{path}.{key}")) yield return name;
        }
    }

    private static IEnumerable<string> Properties(Type type, string path)
    {
        foreach (var property in Settable(type))
        {
            var key = $"{path}.{Kebab(property.Name)}";
            yield return key;
            var below = property.PropertyType == typeof(IReadOnlyList<AgentOptions>) ? typeof(AgentOptions) : property.PropertyType;
            if (below.Namespace != typeof(ChatOptions).Namespace || below.IsEnum) continue;
            foreach (var name in Properties(below, below == typeof(AgentOptions) ? key + ".1" : key)) yield return name;
        }
    }

    private static Dictionary<string, string> Values(object options)
    {
        var values = new Dictionary<string, string>();
        Add("", options);
        return values;

        void Add(string path, object? value)
        {
            if (value is IReadOnlyList<AgentOptions> agents)
                for (var i = 0; i < agents.Count; i++) Add($"{path}.{i}", agents[i]);
            else if (value is not null and not Enum && value.GetType().Namespace == typeof(ChatOptions).Namespace)
                foreach (var property in Settable(value.GetType())) Add($"{path}.{property.Name}", property.GetValue(value));
            else
                values.Add(path[1..], value is IEnumerable and not string ? string.Join(',', ((IEnumerable)value).Cast<object>()) : FormattableString.Invariant($"{value}"));
        }
    }

    private static IEnumerable<PropertyInfo> Settable(Type type) => type.GetProperties().Where(property => property.CanWrite);

    private static string Kebab(string name) => name == "WebSocket" ? "websocket" : Inner().Replace(name, "-$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex Inner();

    [GeneratedRegex(@"\$\{\?([A-Z0-9_]+)\}")]
    private static partial Regex Variable();
}
