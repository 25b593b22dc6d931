namespace Chat.Host.Configuration;

/// <summary>Everything that an operator can set, as <c>hocon/chat.conf</c> documents it under <c>chat</c>.</summary>
public sealed record ChatOptions
{
    /// <summary><c>production</c> unless said otherwise: development opens doors that production must not have.</summary>
    public ChatMode Mode { get; init; } = ChatMode.Production;

    public ChatEngine Engine { get; init; } = ChatEngine.Channels;

    public ServiceOptions Service { get; init; } = new();
    public StorageOptions Storage { get; init; } = new();
    public JwtOptions Jwt { get; init; } = new();
    public WebSocketOptions WebSocket { get; init; } = new();
    public StreamOptions Stream { get; init; } = new();
    public RateLimitOptions RateLimit { get; init; } = new();
    public SessionOptions Sessions { get; init; } = new();
    public ParticipantOptions Participants { get; init; } = new();
    public RoomOptions Rooms { get; init; } = new();
    public FilesOptions Files { get; init; } = new();

    /// <summary>By rising id; agent 1 answers where a session names none.</summary>
    public IReadOnlyList<AgentOptions> Agents { get; init; } = [new AgentOptions { Id = 1, Name = "Echo" }];

    public TelemetryOptions Telemetry { get; init; } = new();
    public RedisOptions Redis { get; init; } = new();
    public ClusterOptions Cluster { get; init; } = new();

    public bool IsDevelopment => Mode == ChatMode.Development;
}

public enum ChatMode
{
    Production,
    Development,
}

/// <summary>What the sessions run on.</summary>
public enum ChatEngine
{
    /// <summary>The server's own actors.</summary>
    Channels,

    /// <summary>Akka.NET's, in builds with <c>-p:Akka=true</c>.</summary>
    Akka,
}

/// <summary>Where the server listens and who may call it.</summary>
public sealed record ServiceOptions
{
    public string Name { get; init; } = "chat-service";

    /// <summary>The address to bind; development always binds loopback.</summary>
    public string Address { get; init; } = "0.0.0.0";

    public int Port { get; init; } = 8003;
    public bool Debug { get; init; }

    /// <summary>A Microsoft.Extensions.Logging level, or the seed's <c>DEBUG</c>, <c>INFO</c>, <c>WARNING</c>, <c>ERROR</c>, <c>CRITICAL</c>.</summary>
    public string LogLevel { get; init; } = "Information";

    /// <summary>Host headers that are answered, without port; empty means only loopback names. <c>*.example.com</c> takes subdomains.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>The origins under which this server's own page is reached, for example <c>https://chat.example.com</c>.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Other origins whose pages may call this server with credentials.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>
    /// Addresses or networks (<c>10.0.0.0/8</c>) of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as far as the chain of them reaches; from
    /// anyone else both are ignored.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Serve TLS on the port; needs <see cref="CertificatePath"/> and <see cref="CertificateKeyPath"/> (PEM).</summary>
    public bool UseSsl { get; init; }

    public string? CertificatePath { get; init; }
    public string? CertificateKeyPath { get; init; }

    /// <summary>Over so long a stop closes the sockets; fewer than 200 for each second of it take less. Readiness is red from its beginning.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a stop then waits for them to end and appends to finish.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The journal and the read model.</summary>
public sealed record StorageOptions
{
    /// <summary>Folder of the embedded SQLite files; used while <see cref="DatabaseUrl"/> is empty.</summary>
    public string DataPath { get; init; } = "data";

    /// <summary>PostgreSQL in URL form (<c>postgresql://user:password@host:port/name</c>).</summary>
    public string? DatabaseUrl { get; init; }

    public int PoolSize { get; init; } = 20;

    /// <summary>Added to the pool, as SQLAlchemy's <c>max_overflow</c> is.</summary>
    public int MaxOverflow { get; init; } = 40;

    /// <summary>Apply pending migrations at start; off, the server refuses to start on an older schema.</summary>
    public bool MigrateAtStart { get; init; } = true;

    /// <summary>How long a send waits for a database that does not answer before it gets <c>STORAGE_UNAVAILABLE</c>.</summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Events between two snapshots of a session.</summary>
    public int SnapshotEvery { get; init; } = 500;

    /// <summary>How long a list or page waits for the read model to reach the log's head.</summary>
    public TimeSpan ReadWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Without the values, since the address holds a password.</summary>
    public override string ToString() => nameof(StorageOptions);
}

/// <summary>Whose tokens are taken.</summary>
public sealed record JwtOptions
{
    /// <summary>The value that <c>chat.conf</c> carries; production refuses to start with it.</summary>
    public const string DefaultSecretKey = "local-dev-secret-key-change-in-production";

    /// <summary>HS256 key, and the key that signs tickets; at least 32 bytes in production.</summary>
    public string SecretKey { get; init; } = DefaultSecretKey;

    /// <summary><c>HS256</c>, <c>RS256</c> or <c>ES256</c>. Only this one is taken, whatever a token's header says.</summary>
    public string Algorithm { get; init; } = "HS256";

    /// <summary>RS256 and ES256: address or file of the key set.</summary>
    public string? Jwks { get; init; }

    public string? Issuer { get; init; }
    public string? Audience { get; init; }

    /// <summary>At most 30 s.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan TicketLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Without the values, since one is a secret.</summary>
    public override string ToString() => nameof(JwtOptions);
}

/// <summary>Limits of a socket.</summary>
public sealed record WebSocketOptions
{
    public int MaxConnections { get; init; } = 10_000;
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Bytes of one frame, and of one JSON body.</summary>
    public int MessageSizeLimit { get; init; } = 65_536;

    /// <summary>Bytes that wait for a live reader before it is set back to reading from the journal.</summary>
    public int QueueLimit { get; init; } = 1_048_576;

    /// <summary>Events that a reader may lag behind while it drains; beyond it the socket is closed with 1013.</summary>
    public int MaxLag { get; init; } = 50_000;

    /// <summary>How long one write may take before the reader counts as gone (1013).</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How an agent's answer is cut and paced.</summary>
public sealed record StreamOptions
{
    /// <summary>Graphemes per chunk.</summary>
    public int ChunkSize { get; init; } = 10;

    /// <summary>Least time between two chunks of one answer.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(50);
}

/// <summary>One token bucket per user over all faces.</summary>
public sealed record RateLimitOptions
{
    public bool Enabled { get; init; }
    public int MessagesPerMinute { get; init; } = 60;
}

/// <summary>The life of a session in memory.</summary>
public sealed record SessionOptions
{
    /// <summary>An idle session leaves memory after this; the next command brings it back from the log.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Agent of a session that a socket names into being in development; 0 for none.</summary>
    public int DevAutoAgent { get; init; } = 1;
}

/// <summary>Joining by code.</summary>
public sealed record ParticipantOptions
{
    /// <summary>A participant's id stands in every message; its cookie or token proves it. Off, as always in development, the id alone is enough.</summary>
    public bool RequireProof { get; init; } = true;

    /// <summary>
    /// What one address may ask in a minute: joins, status and sockets cost one, an unknown code or participant ten, since codes can be guessed. 0 for no limit.
    /// </summary>
    public int RequestsPerMinute { get; init; } = 300;
}

/// <summary>Rooms, which come into being by being named.</summary>
public sealed record RoomOptions
{
    /// <summary>Every valid token may come into every room, and make one; off, only members may.</summary>
    public bool Open { get; init; } = true;
}

/// <summary>One agent that sessions can name by its id.</summary>
public sealed record AgentOptions
{
    public int Id { get; init; }
    public string Name { get; init; } = "";
    public string? AvatarUrl { get; init; }

    /// <summary><c>echo</c>, <c>openai</c> or <c>external</c> (answers through its own socket).</summary>
    public string Provider { get; init; } = "echo";

    /// <summary>openai: base address of any OpenAI-compatible service.</summary>
    public string? Address { get; init; }

    public string? Model { get; init; }
    public string? ApiKey { get; init; }
    public string? SystemPrompt { get; init; }

    /// <summary>openai: until the first token, and between two tokens.</summary>
    public TimeSpan FirstTokenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>openai: tries before the first token; never one after it.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Messages of the session given to the agent.</summary>
    public int ContextMessages { get; init; } = 20;

    /// <summary>What a takeover does with a half-written answer: <c>interrupt</c>, or <c>continue</c> where the model can be given its own beginning.</summary>
    public string OnCrash { get; init; } = "interrupt";

    /// <summary>Without the key of the provider.</summary>
    public override string ToString() => $"Agent {Id} {Name}";
}

/// <summary>Where traces and metrics go.</summary>
public sealed record TelemetryOptions
{
    /// <summary>OTLP endpoint; empty sends nothing. <c>/metrics</c> answers either way.</summary>
    public string? OtlpEndpoint { get; init; }

    /// <summary><c>http/protobuf</c> (the collector's port 4318) or <c>grpc</c> (4317).</summary>
    public string OtlpProtocol { get; init; } = "http/protobuf";
}

/// <summary>What carries events between nodes, and shows other services what happens here.</summary>
public sealed record RedisOptions
{
    /// <summary><c>redis://[:password@]host[:port][/db]</c>, <c>rediss://</c> with TLS; empty: no Redis, and a node that is alone.</summary>
    public string? Url { get; init; }

    /// <summary>Accepted for the seed's sake: the client needs one connection, over which everything goes.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary>As <see cref="MaxConnections"/>.</summary>
    public int PoolSize { get; init; } = 10;

    /// <summary>Post what other services add to the stream <c>chat:inbound</c>. Whoever can write to Redis can then speak as any member of any session.</summary>
    public bool Inbound { get; init; }

    /// <summary>Without the values, since the address may hold a password.</summary>
    public override string ToString() => nameof(RedisOptions);
}

/// <summary>Several nodes over one PostgreSQL and one Redis.</summary>
public sealed record ClusterOptions
{
    /// <summary>Where other nodes and operators reach this one over HTTP; empty: its host's name and port.</summary>
    public string? Address { get; init; }

    /// <summary>How often a node announces itself.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>One that has not announced itself for so long is gone: its sessions and answers go to others.</summary>
    public TimeSpan NodeTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A session's home that has not answered by then is passed over: the asking node acts itself.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>So long a node that is to stop still takes requests at least: balancers notice only at their next checks.</summary>
    public TimeSpan LeaveTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Versions of events that an older node could not read are written only when none has been there for so long.</summary>
    public TimeSpan UpgradeHold { get; init; } = TimeSpan.FromMinutes(1);

    public AkkaClusterOptions Akka { get; init; } = new();
}

/// <summary>The cluster of Akka.NET, where that is the engine.</summary>
public sealed record AkkaClusterOptions
{
    /// <summary>Where other nodes reach this one's actors.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>0: any free one.</summary>
    public int Port { get; init; }

    /// <summary><c>HOST:PORT</c> of nodes to join; empty: a cluster of this node alone.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>File of Akka.NET's own settings; null: <c>hocon/cluster.conf</c>.</summary>
    public string? Config { get; init; }
}
