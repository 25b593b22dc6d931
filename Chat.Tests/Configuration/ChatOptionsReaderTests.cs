using Chat.Host.Configuration;
using Chat.Host.Configuration.Hocon;

namespace Chat.Tests.Configuration;

public sealed class ChatOptionsReaderTests
{
    private const string Secret = "a-secret-of-thirty-two-bytes-or-more";

    [Fact]
    public void What_is_not_set_has_the_record_s_default()
    {
        var options = Read("");

        Assert.Equal(8003, options.Service.Port);
        Assert.Equal(ChatMode.Production, options.Mode);
        Assert.Equal("Echo", Assert.Single(options.Agents).Name);
    }

    [Theory]
    [InlineData("service.log-level = debug", "Debug")]
    [InlineData("service.log-level = INFO", "Information")]
    [InlineData("service.log-level = Warning", "Warning")]
    [InlineData("service.log-level = ERROR", "Error")]
    [InlineData("service.log-level = critical", "Critical")]
    [InlineData("service.log-level = trace", "Trace")]
    public void Log_levels_are_the_seed_s_or_those_of_NET(string hocon, string level) => Assert.Equal(level, Read(hocon).Service.LogLevel);

    [Theory]
    [InlineData("on", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", true)]
    [InlineData("no", false)]
    [InlineData("False", false)]
    public void A_switch_takes_the_words_of_HOCON_and_of_environments(string word, bool on) => Assert.Equal(on, Read($"rate-limit.enabled = {word}").RateLimit.Enabled);

    [Fact]
    public void A_bare_number_of_the_environment_is_in_the_seed_s_unit()
    {
        var options = Read(
            "websocket { heartbeat-interval = ${H}, connection-timeout = ${T}, message-size-limit = ${S} }, stream.delay = ${D}",
            ("H", "20"), ("T", "200"), ("S", "32768"), ("D", "70"));

        Assert.Equal(TimeSpan.FromSeconds(20), options.WebSocket.HeartbeatInterval);
        Assert.Equal(TimeSpan.FromSeconds(200), options.WebSocket.ConnectionTimeout);
        Assert.Equal(32_768, options.WebSocket.MessageSizeLimit);
        Assert.Equal(TimeSpan.FromMilliseconds(70), options.Stream.Delay);
    }

    [Fact]
    public void A_unit_in_the_environment_is_taken_too() =>
        Assert.Equal(TimeSpan.FromSeconds(2), Read("stream.delay = ${D}", ("D", "2s")).Stream.Delay);

    [Fact]
    public void A_bare_number_in_a_file_says_no_unit_and_is_refused() =>
        Refused("websocket.heartbeat-interval = 30", "chat.websocket.heartbeat-interval", "is no duration");

    [Theory]
    [InlineData("""service.cors-origins = ["http://a", "http://b"]""")]
    [InlineData("service.cors-origins = ${LIST}")]
    [InlineData("service.cors-origins = [HTTP://A:80/]\nservice.cors-origins += \"http://b\"")]
    public void A_list_is_HOCON_s_or_JSON_s_in_a_variable(string hocon) =>
        Assert.Equal(["http://a", "http://b"], Read(hocon.Replace("HTTP://A:80/", "\"HTTP://A:80/\"", StringComparison.Ordinal), ("LIST", """["http://a", "http://b"]""")).Service.CorsOrigins);

    [Theory]
    [InlineData("http://a,http://b")]
    [InlineData("")]
    [InlineData("[\"http://a\"")]
    [InlineData("[1]")]
    [InlineData("[null]")]
    [InlineData("null")]
    public void A_variable_that_holds_no_JSON_list_is_refused_by_its_name(string list)
    {
        var mistake = Refused("service.cors-origins = ${CORS_ORIGINS}", "chat.service.cors-origins", "JSON list", ("CORS_ORIGINS", list));

        Assert.Equal("environment variable CORS_ORIGINS", mistake.Origin!.ToString());
    }

    [Fact]
    public void Agents_are_an_object_by_id_and_come_in_the_order_of_their_ids()
    {
        var agents = Read("""
            agents { 10 { name = Ten }, 2 { name = Two, provider = openai, model = m, api-key = k, token-timeout = 5s } }
            agents.10.context-messages = 3
            agents { 1 { name = One } }
            agents.1 = null
            """).Agents;

        Assert.Equal([2, 10], agents.Select(agent => agent.Id));
        Assert.Equal(("Two", "openai", "m", "k", TimeSpan.FromSeconds(5)), (agents[0].Name, agents[0].Provider, agents[0].Model, agents[0].ApiKey, agents[0].TokenTimeout));
        Assert.Equal(3, agents[1].ContextMessages);
    }

    [Theory]
    [InlineData("service.port = 65536", "chat.service.port", "65536 is not between 0 and 65535")]
    [InlineData("service.port = 99999999999999999999", "chat.service.port", "no whole number")]
    [InlineData("service.port = 80.5", "chat.service.port", "no whole number")]
    [InlineData("service.port = null", "chat.service.port", "no whole number")]
    [InlineData("service.port = [80]", "chat.service.port", "is a list")]
    [InlineData("service.port { a = 1 }", "chat.service.port", "is a section")]
    [InlineData("service = 80", "chat.service", "is a section")]
    [InlineData("service.debug = maybe", "chat.service.debug", "is none of true")]
    [InlineData("service.log-level = LOUD", "chat.service.log-level", "is none of DEBUG")]
    [InlineData("service.name = \"\"", "chat.service.name", "is empty")]
    [InlineData("service.address = 8003", "chat.service.address", "neither an IP address")]
    [InlineData("service.address = example.com", "chat.service.address", "neither an IP address")]
    [InlineData("service.hosts = [\"http://a\"]", "chat.service.hosts", "host names")]
    [InlineData("service.hosts = [\"*\"]", "chat.service.hosts", "host names")]
    [InlineData("service.hosts = \"a\"", "chat.service.hosts", "is no list")]
    [InlineData("service.origins = [\"*\"]", "chat.service.origins", "origins")]
    [InlineData("service.origins = [\"http://a/b\"]", "chat.service.origins", "origins")]
    [InlineData("service.origins = [{}]", "chat.service.origins", "other than texts")]
    [InlineData("service.trusted-proxies = [\"proxy.example\"]", "chat.service.trusted-proxies", "IP addresses and networks")]
    [InlineData("service.trusted-proxies = [\"10/8\"]", "chat.service.trusted-proxies", "IP addresses and networks")]
    [InlineData("service.trusted-proxies = [\"10.0.0.0/33\"]", "chat.service.trusted-proxies", "IP addresses and networks")]
    [InlineData("service.trusted-proxies = [\"8003\"]", "chat.service.trusted-proxies", "IP addresses and networks")]
    [InlineData("service.use-ssl = on", "chat.service.use-ssl", "certificate-path")]
    [InlineData("service.shutdown-timeout = 1h", "chat.service.shutdown-timeout", "01:00:00 is not between")]
    [InlineData("files.max-size = 0", "chat.files.max-size", "not between")]
    [InlineData("files.allowed-types = []", "chat.files.allowed-types", "is empty")]
    [InlineData("files.allowed-types = [\"image/png\", \"image/svg+xml\"]", "chat.files.allowed-types", "cannot tell")]
    [InlineData("files.allowed-types = [\"IMAGE/PNG\"]", "chat.files.allowed-types", "cannot tell")]
    [InlineData("files.storage = ftp", "chat.files.storage", "is none of disk")]
    [InlineData("files.storage = s3", "chat.files.s3.bucket", "S3_BUCKET_NAME")]
    [InlineData("files.storage = s3, files.s3 { bucket = b, access-key-id = a }", "chat.files.s3.secret-access-key", "go together")]
    [InlineData("files.storage = s3, files.s3 { bucket = b, secret-access-key = a }", "chat.files.s3.access-key-id", "go together")]
    [InlineData("files.s3.endpoint = \"minio:9000\"", "chat.files.s3.endpoint", "http://")]
    [InlineData("files.thumbnails.size = 321", "chat.files.thumbnails.size", "not between")]
    [InlineData("files.orphan-age = 1m", "chat.files.orphan-age", "not between")]
    [InlineData("storage.pool-size = 0", "chat.storage.pool-size", "not between")]
    [InlineData("websocket.message-size-limit = 64KB", "chat.websocket.message-size-limit", "is no size")]
    [InlineData("websocket.message-size-limit = 1GiB", "chat.websocket.message-size-limit", "not between")]
    [InlineData("websocket { message-size-limit = 2MiB }, websocket.queue-limit = 1MiB", "chat.websocket.queue-limit", "smaller than message-size-limit")]
    [InlineData("websocket { heartbeat-interval = 5m, connection-timeout = 5m }", "chat.websocket.connection-timeout", "not longer")]
    [InlineData("jwt.algorithm = none", "chat.jwt.algorithm", "is none of HS256")]
    [InlineData("jwt.algorithm = RS256", "chat.jwt.jwks", "is needed for RS256")]
    [InlineData("jwt.clock-skew = 31s", "chat.jwt.clock-skew", "not between")]
    [InlineData("agents = []", "chat.agents", "by their id")]
    [InlineData("agents.one.name = x", "chat.agents.one", "whole numbers from 1")]
    [InlineData("agents.0.name = x", "chat.agents.0", "whole numbers from 1")]
    [InlineData("agents.2 {}", "chat.agents.2.name", "is needed")]
    [InlineData("agents.2 { name = x, provider = gpt }", "chat.agents.2.provider", "is none of echo")]
    [InlineData("agents.2 { name = x, provider = openai, api-key = k }", "chat.agents.2.model", "is needed")]
    [InlineData("agents.2 { name = x, provider = openai, model = m }", "chat.agents.2.api-key", "is needed")]
    [InlineData("agents.2 { name = x, address = \"ftp://a\" }", "chat.agents.2.address", "http://")]
    [InlineData("telemetry.otlp-endpoint = localhost", "chat.telemetry.otlp-endpoint", "http://")]
    [InlineData("mode = staging", "chat.mode", "is none of production, development")]
    public void A_value_out_of_its_range_is_refused_with_file_line_and_key(string hocon, string key, string word)
    {
        var mistake = Refused(hocon, key, word);

        Assert.True(mistake.Origin is null or { File: "test.conf", Line: 3 });
    }

    [Theory]
    [InlineData("service.prot = 80", "chat.service.prot", "the nearest is chat.service.port")]
    [InlineData("servcie.port = 80", "chat.servcie", "the nearest is chat.service")]
    [InlineData("port = 80", "chat.port", "the nearest is chat.service.port")]
    [InlineData("websocket.max_connections = 80", "chat.websocket.max_connections", "the nearest is chat.websocket.max-connections")]
    [InlineData("agents.1 { name = Echo, modle = m }", "chat.agents.1.modle", "the nearest is chat.agents.1.model")]
    [InlineData("jwt.secret = hunter2", "chat.jwt.secret", "the nearest is chat.jwt.secret-key")]
    public void An_unknown_key_is_refused_with_the_nearest_known_one(string hocon, string key, string word) => Refused(hocon, key, word);

    [Fact]
    public void A_section_that_is_nearly_chat_is_not_lost()
    {
        var refused = Assert.Throws<ChatConfigurationException>(() => Parse("chta { mode = development }"));

        Assert.Contains("test.conf:1: chta: is not read; the nearest section is chat", refused.Message, StringComparison.Ordinal);
        Assert.Contains("chat: is missing", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_come_together()
    {
        var refused = Assert.Throws<ChatConfigurationException>(() => Read("service {\n port = x\n prot = 1\n}\nwebsocket.max-lag = ${LAG}", ("LAG", "-1")));

        Assert.Equal(
            """
            The configuration has 3 mistakes:
              test.conf:4: chat.service.port: is no whole number
              environment variable LAG: chat.websocket.max-lag: -1 is not between 1 and 10000000
              test.conf:5: chat.service.prot: is no setting; the nearest is chat.service.port
            """, refused.Message);
    }

    [Theory]
    [InlineData(JwtOptions.DefaultSecretKey, "everyone knows")]
    [InlineData("thirty-one-bytes-is-one-too-few", "shorter than 32 bytes")]
    [InlineData("", "is empty")]
    public void Production_does_not_start_with_a_secret_that_can_be_guessed(string secret, string word)
    {
        var mistake = Refused("jwt.secret-key = ${JWT_SECRET_KEY}", "chat.jwt.secret-key", word, ("JWT_SECRET_KEY", secret));

        Assert.True(secret.Length == 0 || !mistake.ToString().Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public void Development_starts_with_the_default_secret() =>
        Assert.Equal(JwtOptions.DefaultSecretKey, Parse("chat { mode = development, service.address = 127.0.0.1 }").Jwt.SecretKey);

    [Theory]
    [InlineData("service.address = 0.0.0.0", "chat.service.address", "127.0.0.1")]
    [InlineData("service.address = \"::\"", "chat.service.address", "127.0.0.1")]
    [InlineData("service.address = localhost, sessions.dev-auto-agent = 7", "chat.sessions.dev-auto-agent", "names no agent")]
    [InlineData("service.address = localhost, jwt.secret-key = short", "chat.jwt.secret-key", "16 bytes")]
    public void Development_is_checked_for_its_own_mistakes(string hocon, string key, string word) => Refused("mode = development, " + hocon, key, word);

    [Theory]
    [InlineData("postgresql://u:p@h:5432/d")]
    [InlineData("postgres://u@h/d?sslmode=require")]
    [InlineData("postgresql+asyncpg://u:p%40p@[::1]:5432/d")]
    public void A_database_address_has_the_seed_s_form(string url) => Assert.Equal(url, Read("storage.database-url = ${U}", ("U", url)).Storage.DatabaseUrl);

    [Fact]
    public void An_empty_database_address_means_the_embedded_database() => Assert.Null(Read("storage.database-url = ${U}", ("U", "")).Storage.DatabaseUrl);

    [Theory]
    [InlineData("hunter2")]
    [InlineData("mysql://u:hunter2@h/d")]
    [InlineData("sqlite:///hunter2.db")]
    [InlineData("Host=h;Password=hunter2")]
    [InlineData("postgresql://u:hunter2@h:port/d")]
    [InlineData("postgresql://u:hunter2@h:5432")]
    [InlineData("postgresql://u:hunter2@h:5432/")]
    [InlineData("postgresql://u:hunter2@/d")]
    [InlineData("postgresql://u:hunt@er2@h/d")]
    [InlineData("postgresql://u:hunt#er2@h/d")]
    [InlineData("postgresql://u:hunt/er2@h/d")]
    [InlineData("postgresql://u:1/er2@h/d")]
    [InlineData("postgresql://u:hunter2${VAULT}@h/d")]
    public void A_bad_database_address_is_refused_without_its_password(string url)
    {
        var refused = Assert.Throws<ChatConfigurationException>(() => Read("storage.database-url = ${DATABASE_URL}", ("DATABASE_URL", url)));

        Assert.StartsWith("environment variable DATABASE_URL: chat.storage.database-url: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("er2", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_do_not_print_their_secrets()
    {
        var options = Read("storage.database-url = \"postgresql://u:hunter2@h/d\", agents.1 { name = Echo, api-key = hunter2 }");

        Assert.DoesNotContain("hunter2", $"{options} {options.Storage} {options.Agents[0]}", StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, $"{options} {options.Jwt}", StringComparison.Ordinal);
    }

    /// <summary>The settings begin on line 3.</summary>
    private static ChatOptions Read(string chat, params (string Name, string Value)[] environment) =>
        Parse($"chat {{ jwt.secret-key = {Secret}\n\n{chat}\n}}", environment);

    private static ChatOptions Parse(string hocon, params (string Name, string Value)[] environment) =>
        ChatOptionsReader.Read((HoconObject)HoconDocument.Parse(hocon, "test.conf", environment.ToDictionary(variable => variable.Name, variable => (string?)variable.Value)));

    private static ConfigurationMistake Refused(string chat, string key, string word, params (string Name, string Value)[] environment)
    {
        var mistake = Assert.Single(Assert.Throws<ChatConfigurationException>(() => Read(chat, environment)).Mistakes);

        Assert.Equal(key, mistake.Key);
        Assert.Contains(word, mistake.Text, StringComparison.Ordinal);
        return mistake;
    }
}
