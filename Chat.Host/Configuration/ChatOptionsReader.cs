using System.Globalization;
using Chat.Host.Configuration.Hocon;

namespace Chat.Host.Configuration;

/// <summary>Reads the section <c>chat</c> and checks it. A key that is not read here is unknown, and an error.</summary>
public static class ChatOptionsReader
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <exception cref="ChatConfigurationException">All mistakes together, each with its place and key.</exception>
    public static ChatOptions Read(HoconObject root) => Read(root, new OptionsReport());

    internal static ChatOptions Read(HoconObject root, OptionsReport report)
    {
        // Other sections belong to others, but one that is nearly `chat` would be lost without a word.
        foreach (var (key, value) in root.Fields)
            if (key != "chat" && NearestKey.Edits(key.ToLowerInvariant(), "chat") <= 1)
                report.Add(value.Origin, HoconPath.Show(key), "is not read; the nearest section is chat");

        // Without the section nothing would be known of the environment's variables either.
        if (!root.Fields.TryGetValue("chat", out var chat) || chat is not HoconObject section)
        {
            report.Add(chat?.Origin ?? root.Origin, "chat", "is missing: the section that holds all settings");
            section = new HoconObject([], root.Origin);
        }

        var options = ReadChat(new OptionsSection(section, "chat", report));
        report.Finish();
        return options;
    }

    private static ChatOptions ReadChat(OptionsSection chat)
    {
        var defaults = new ChatOptions();
        var mode = chat.Choice("mode", defaults.Mode, ("production", ChatMode.Production), ("development", ChatMode.Development));
        var agents = ReadAgents(chat, defaults.Agents);
        return new ChatOptions
        {
            Mode = mode,
            Engine = chat.Choice("engine", defaults.Engine, ("channels", ChatEngine.Channels), ("akka", ChatEngine.Akka)),
            Service = ReadService(chat.Section("service"), defaults.Service, mode),
            Storage = ReadStorage(chat.Section("storage"), defaults.Storage),
            Jwt = ReadJwt(chat.Section("jwt"), defaults.Jwt, mode),
            WebSocket = ReadWebSocket(chat.Section("websocket"), defaults.WebSocket),
            Stream = ReadStream(chat.Section("stream"), defaults.Stream),
            RateLimit = ReadRateLimit(chat.Section("rate-limit"), defaults.RateLimit),
            Sessions = ReadSessions(chat.Section("sessions"), defaults.Sessions, mode, agents),
            Participants = ReadParticipants(chat.Section("participants"), defaults.Participants),
            Rooms = new RoomOptions { Open = chat.Section("rooms").Switch("open", defaults.Rooms.Open) },
            Files = FilesOptionsReader.Read(chat.Section("files"), defaults.Files),
            Agents = agents,
            Redis = ReadRedis(chat.Section("redis"), defaults.Redis),
            Cluster = ReadCluster(chat.Section("cluster"), defaults.Cluster),
            Telemetry = ReadTelemetry(chat.Section("telemetry"), defaults.Telemetry),
        };
    }

    private static ServiceOptions ReadService(OptionsSection section, ServiceOptions defaults, ChatMode mode)
    {
        var service = new ServiceOptions
        {
            Name = section.Text("name", defaults.Name),
            Address = section.Check("address", section.Text("address", defaults.Address), address => OptionsChecks.Listen(address, mode)),
            Port = section.Whole("port", defaults.Port, 0, 65_535),
            Debug = section.Switch("debug", defaults.Debug),
            LogLevel = section.Choice(
                "log-level", defaults.LogLevel,
                ("DEBUG", "Debug"), ("INFO", "Information"), ("WARNING", "Warning"), ("ERROR", "Error"), ("CRITICAL", "Critical"),
                ("Trace", "Trace"), ("Information", "Information"), ("None", "None")),
            Hosts = section.Check("hosts", section.Texts("hosts", defaults.Hosts), OptionsChecks.Hosts),
            Origins = OptionsChecks.Origins(section, "origins", section.Texts("origins", defaults.Origins)),
            CorsOrigins = OptionsChecks.Origins(section, "cors-origins", section.Texts("cors-origins", defaults.CorsOrigins)),
            TrustedProxies = section.Check("trusted-proxies", section.Texts("trusted-proxies", defaults.TrustedProxies), OptionsChecks.Networks),
            UseSsl = section.Switch("use-ssl", defaults.UseSsl),
            CertificatePath = section.OptionalText("certificate-path"),
            CertificateKeyPath = section.OptionalText("certificate-key-path"),
            DrainTime = section.Duration("drain-time", defaults.DrainTime, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            ShutdownTimeout = section.Duration("shutdown-timeout", defaults.ShutdownTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
        };
        if (service.UseSsl && (service.CertificatePath is null || service.CertificateKeyPath is null))
            section.Refuse("use-ssl", "needs certificate-path and certificate-key-path; behind a proxy that ends TLS leave it off");
        return service;
    }

    private static RedisOptions ReadRedis(OptionsSection section, RedisOptions defaults) => new()
    {
        Url = section.Check("url", section.OptionalText("url"), OptionsChecks.RedisUrl),
        MaxConnections = section.Whole("max-connections", defaults.MaxConnections, 1, 1_000_000),
        PoolSize = section.Whole("pool-size", defaults.PoolSize, 1, 1_000_000),
        Inbound = section.Switch("inbound", defaults.Inbound),
    };

    private static ClusterOptions ReadCluster(OptionsSection section, ClusterOptions defaults)
    {
        var cluster = new ClusterOptions
        {
            Address = section.OptionalText("address"),
            Heartbeat = section.Duration("heartbeat", defaults.Heartbeat, 50 * Millisecond, TimeSpan.FromMinutes(1)),
            NodeTimeout = section.Duration("node-timeout", defaults.NodeTimeout, 200 * Millisecond, TimeSpan.FromMinutes(10)),
            AskTimeout = section.Duration("ask-timeout", defaults.AskTimeout, 10 * Millisecond, TimeSpan.FromMinutes(1)),
            LeaveTime = section.Duration("leave-time", defaults.LeaveTime, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            UpgradeHold = section.Duration("upgrade-hold", defaults.UpgradeHold, TimeSpan.Zero, TimeSpan.FromDays(30)),
            Akka = ReadAkka(section.Section("akka"), defaults.Akka),
        };
        if (cluster.NodeTimeout < 2 * cluster.Heartbeat)
        {
            section.Refuse("node-timeout", "must be twice the heartbeat at least, or one that is late makes a node go");
        }
        return cluster;
    }

    private static AkkaClusterOptions ReadAkka(OptionsSection section, AkkaClusterOptions defaults) => new()
    {
        Host = section.Check("host", section.Text("host", defaults.Host), OptionsChecks.Host),
        Port = section.Whole("port", defaults.Port, 0, 65_535),
        Seeds = section.Check("seeds", section.Texts("seeds", defaults.Seeds), seeds => seeds.Select(OptionsChecks.Endpoint).FirstOrDefault(wrong => wrong is not null)),
        Config = section.OptionalText("config"),
    };

    private static ParticipantOptions ReadParticipants(OptionsSection section, ParticipantOptions defaults) => new()
    {
        RequireProof = section.Switch("require-proof", defaults.RequireProof),
        RequestsPerMinute = section.Whole("requests-per-minute", defaults.RequestsPerMinute, 0, 1_000_000),
    };

    private static StorageOptions ReadStorage(OptionsSection section, StorageOptions defaults) => new()
    {
        DataPath = section.Text("data-path", defaults.DataPath),
        DatabaseUrl = section.Check("database-url", section.OptionalText("database-url"), OptionsChecks.DatabaseUrl),
        PoolSize = section.Whole("pool-size", defaults.PoolSize, 1, 1_000),
        MaxOverflow = section.Whole("max-overflow", defaults.MaxOverflow, 0, 1_000),
        MigrateAtStart = section.Switch("migrate-at-start", defaults.MigrateAtStart),
        AppendTimeout = section.Duration("append-timeout", defaults.AppendTimeout, 100 * Millisecond, TimeSpan.FromMinutes(10)),
        SnapshotEvery = section.Whole("snapshot-every", defaults.SnapshotEvery, 1, 1_000_000),
        ReadWait = section.Duration("read-wait", defaults.ReadWait, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
    };

    private static JwtOptions ReadJwt(OptionsSection section, JwtOptions defaults, ChatMode mode)
    {
        var jwt = new JwtOptions
        {
            SecretKey = section.Check("secret-key", section.Text("secret-key", defaults.SecretKey), key => OptionsChecks.SecretKey(key, mode)),
            Algorithm = section.Choice("algorithm", defaults.Algorithm, ("HS256", "HS256"), ("RS256", "RS256"), ("ES256", "ES256")),
            Jwks = section.OptionalText("jwks"),
            Issuer = section.OptionalText("issuer"),
            Audience = section.OptionalText("audience"),
            ClockSkew = section.Duration("clock-skew", defaults.ClockSkew, TimeSpan.Zero, 30 * Second),
            TicketLifetime = section.Duration("ticket-lifetime", defaults.TicketLifetime, Second, TimeSpan.FromMinutes(5)),
        };
        if (jwt.Algorithm != "HS256" && jwt.Jwks is null) section.Refuse("jwks", $"is needed for {jwt.Algorithm}: the address or the file of the key set");
        return jwt;
    }

    private static WebSocketOptions ReadWebSocket(OptionsSection section, WebSocketOptions defaults)
    {
        var socket = new WebSocketOptions
        {
            MaxConnections = section.Whole("max-connections", defaults.MaxConnections, 1, 10_000_000),
            HeartbeatInterval = section.Duration("heartbeat-interval", defaults.HeartbeatInterval, Second, TimeSpan.FromHours(1), Second),
            ConnectionTimeout = section.Duration("connection-timeout", defaults.ConnectionTimeout, Second, TimeSpan.FromDays(1), Second),
            MessageSizeLimit = section.Bytes("message-size-limit", defaults.MessageSizeLimit, 1_024, 16 << 20),
            QueueLimit = section.Bytes("queue-limit", defaults.QueueLimit, 64 << 10, 1 << 30),
            MaxLag = section.Whole("max-lag", defaults.MaxLag, 1, 10_000_000),
            WriteTimeout = section.Duration("write-timeout", defaults.WriteTimeout, Second, TimeSpan.FromMinutes(10)),
        };
        if (socket.ConnectionTimeout <= socket.HeartbeatInterval)
            section.Refuse("connection-timeout", "is not longer than heartbeat-interval, so that a healthy socket would be closed before its first ping is answered");
        if (socket.QueueLimit < socket.MessageSizeLimit) section.Refuse("queue-limit", "is smaller than message-size-limit, so that one message could overflow it");
        return socket;
    }

    private static StreamOptions ReadStream(OptionsSection section, StreamOptions defaults) => new()
    {
        ChunkSize = section.Whole("chunk-size", defaults.ChunkSize, 1, 10_000),
        Delay = section.Duration("delay", defaults.Delay, TimeSpan.Zero, TimeSpan.FromMinutes(1), Millisecond),
    };

    private static RateLimitOptions ReadRateLimit(OptionsSection section, RateLimitOptions defaults) => new()
    {
        Enabled = section.Switch("enabled", defaults.Enabled),
        MessagesPerMinute = section.Whole("messages-per-minute", defaults.MessagesPerMinute, 1, 1_000_000),
    };

    private static SessionOptions ReadSessions(OptionsSection section, SessionOptions defaults, ChatMode mode, IReadOnlyList<AgentOptions> agents) => new()
    {
        PassivateAfter = section.Duration("passivate-after", defaults.PassivateAfter, Second, TimeSpan.FromDays(7)),
        DevAutoAgent = section.Check(
            "dev-auto-agent", section.Whole("dev-auto-agent", defaults.DevAutoAgent, 0, int.MaxValue),
            id => mode == ChatMode.Development && id != 0 && agents.All(agent => agent.Id != id) ? "names no agent of chat.agents; 0 is for none" : null),
    };

    private static TelemetryOptions ReadTelemetry(OptionsSection section, TelemetryOptions defaults) => new()
    {
        OtlpEndpoint = section.Check("otlp-endpoint", section.OptionalText("otlp-endpoint"), OptionsChecks.Address),
        OtlpProtocol = section.Choice("otlp-protocol", defaults.OtlpProtocol, ("http/protobuf", "http/protobuf"), ("grpc", "grpc")),
    };

    private static IReadOnlyList<AgentOptions> ReadAgents(OptionsSection chat, IReadOnlyList<AgentOptions> defaults) =>
        chat.Named("agents", "is an object of agents by their id: agents { 1 { name = \"Echo\" } }", id => AgentId(id) is null ? "is no id of an agent: ids are whole numbers from 1" : null) is { } agents
            ? [.. agents.Select(agent => ReadAgent(AgentId(agent.Name)!.Value, agent.Section)).OrderBy(agent => agent.Id)]
            : defaults;

    private static int? AgentId(string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0 && key[0] != '0' ? id : null;

    private static AgentOptions ReadAgent(int id, OptionsSection section)
    {
        var defaults = new AgentOptions();
        var agent = new AgentOptions
        {
            Id = id,
            Name = section.Text("name", defaults.Name),
            AvatarUrl = section.OptionalText("avatar-url"),
            Provider = section.Choice("provider", defaults.Provider, ("echo", "echo"), ("openai", "openai"), ("external", "external")),
            Address = section.Check("address", section.OptionalText("address"), OptionsChecks.Address),
            Model = section.OptionalText("model"),
            ApiKey = section.OptionalText("api-key"),
            SystemPrompt = section.OptionalText("system-prompt"),
            FirstTokenTimeout = section.Duration("first-token-timeout", defaults.FirstTokenTimeout, Second, TimeSpan.FromHours(1)),
            TokenTimeout = section.Duration("token-timeout", defaults.TokenTimeout, Second, TimeSpan.FromHours(1)),
            MaxAttempts = section.Whole("max-attempts", defaults.MaxAttempts, 1, 10),
            ContextMessages = section.Whole("context-messages", defaults.ContextMessages, 1, 1_000),
            OnCrash = section.Choice("on-crash", defaults.OnCrash, ("interrupt", "interrupt"), ("continue", "continue")),
        };
        if (agent.Name.Length is 0 or > 100) section.Refuse("name", "is needed: what readers see as the agent's name, at most 100 characters");
        if (agent is { Provider: "openai", Model: null }) section.Refuse("model", "is needed for provider openai");
        if (agent is { Provider: "openai", Address: null, ApiKey: null }) section.Refuse("api-key", "is needed for provider openai without an address of its own");
        return agent;
    }
}
