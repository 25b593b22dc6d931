using System.Globalization;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting.Logging;
using Chat.Actors.Agents;
using Chat.Actors.Cluster;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using LinqToDB;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Sessions as persistent actors of Akka.NET, sharded over its cluster; on a node that is alone, a cluster of one. Where the cluster has gone on without this node, which it took
/// for dead, the node comes back as a new one: sockets stay, and commands wait for it.
/// </summary>
public sealed partial class AkkaSessions : ISessionEngine
{
    private static readonly Rejected Stopping = new(ErrorCode.StorageUnavailable, "The server is stopping", TimeSpan.FromSeconds(1));

    private static readonly Config AnswersSettings = ConfigurationFactory.ParseString(
        """
        akka {
          loggers = ["Akka.Hosting.Logging.LoggerFactoryLogger, Akka.Hosting"]
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
        }
        """);

    private readonly AkkaOptions _options;
    private readonly SessionServices _services;
    private readonly ILoggerFactory _loggers;
    private readonly SessionViews _views;
    private readonly AskLanes[] _lanes = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new AskLanes())];
    private readonly string _ids = RandomNumberGenerator.GetHexString(10, lowercase: true);
    private long _lastId;
    private readonly ActorSystem _answers;
    private readonly Func<int, TimeSpan, IChunkPipeline> _pipelines;
    private readonly Lock _gate = new();
    private volatile AkkaNode _node;
    private bool _isEnding;

    /// <summary>Starts the actor system, and its joining of the cluster; commands wait for that.</summary>
    /// <param name="options">With the settings of Akka.NET itself.</param>
    /// <exception cref="FormatException">The settings are not HOCON.</exception>
    public AkkaSessions(AkkaOptions options, SessionServices services, ILoggerFactory loggers)
    {
        (_options, _services, _loggers, _views) = (options, services, loggers, new SessionViews(services));
        // Of no cluster: an answer that is being written outlives a node's life in one.
        _answers = ActorSystem.Create("answers", ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(AnswersSettings), new LoggerFactorySetup(loggers)));
        _pipelines = StreamsPipeline.In(_answers);
        _node = Begin();
    }

    public async ValueTask<Reply> ActAsync(SessionId session, SessionCommand command, CancellationToken cancellation = default)
    {
        using var span = ChatActivity.Source.StartActivity("session.ask");
        span?.SetTag(ChatActivity.SessionTag, session.Value).SetTag("chat.command", command.GetType().Name);
        // By it a session knows what it has done, whoever asks it again.
        var named = command.CommandId is null ? command with { CommandId = _ids + Interlocked.Increment(ref _lastId).ToString("x", CultureInfo.InvariantCulture) } : command;
        var reply = new TaskCompletionSource<Reply>(TaskCreationOptions.RunContinuationsAsynchronously);
        // One asker for a session: what is handed over in an order arrives in it.
        var asker = Rendezvous.ShardOf(session.Value, _lanes.Length);
        if (!_lanes[asker].TryPost(new AskLanes.Ask(session, span, named, reply)))
        {
            return Stopping;
        }
        _node.Wake(asker);
        var answered = await reply.Task.WaitAsync(cancellation).ConfigureAwait(false);
        if (answered is Rejected rejected)
        {
            span?.SetTag(ChatMetrics.Code, rejected.Code.Name());
        }
        return answered;
    }

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default) => _views.ReadAsync(session, cancellation);

    public (int Loaded, int Homed) Count() => (_node.Entities.Count, _node.Entities.Count);

    public bool IsUp => _node.IsUp;

    /// <summary>A pipeline for one answer.</summary>
    public IChunkPipeline NewPipeline(int size, TimeSpan delay) => _pipelines(size, delay);

    public Task DrainAsync() => _options.IsAlone ? Task.CompletedTask : _node.HandOverAsync();

    /// <summary>Sessions finish what they have, and the node leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isEnding = true;
        }
        await _node.LeaveAsync();
        foreach (var lanes in _lanes)
        {
            lanes.End(Stopping);
        }
        await _answers.Terminate();
        _views.Dispose();
    }

    private AkkaNode Begin()
    {
        var node = new AkkaNode(_options, _services, _lanes, _loggers);
        _ = BeginAgainAsync(node);
        return node;
    }

    private async Task BeginAgainAsync(AkkaNode node)
    {
        await node.Terminated.ConfigureAwait(false);
        lock (_gate)
        {
            if (!_isEnding)
            {
                LogLost(_services.Logger);
                _node = Begin();
            }
        }
    }

    [LoggerMessage(124, LogLevel.Warning, "The cluster took this node for dead and went on without it: it joins again, as a new one")]
    private static partial void LogLost(ILogger logger);
}

/// <summary>What the engine is given of the server's settings.</summary>
public sealed record AkkaOptions
{
    /// <summary>This node's name; differs from start to start.</summary>
    public required string Node { get; init; }

    /// <summary>Where other nodes reach this one's actors.</summary>
    public required string Host { get; init; }

    /// <summary>0: any free one.</summary>
    public required int Port { get; init; }

    /// <summary><c>HOST:PORT</c> of nodes to join; empty: a cluster of this node alone.</summary>
    public required IReadOnlyList<string> Seeds { get; init; }

    /// <summary>HOCON, as <c>hocon/cluster.conf</c>.</summary>
    public required string Settings { get; init; }

    /// <summary>Where the default engine's tables are.</summary>
    public required AkkaDatabase Database { get; init; }

    /// <summary>A write that is not confirmed by then has failed.</summary>
    public required TimeSpan AppendTimeout { get; init; }

    /// <summary>No other node is over this database.</summary>
    public required bool IsAlone { get; init; }
}

/// <param name="Provider">As linq2db names it.</param>
/// <param name="ConnectionString">Holds the password, so it is not shown.</param>
public sealed record AkkaDatabase(string Provider, string ConnectionString)
{
    /// <param name="timeout">A statement that takes longer has failed.</param>
    public static AkkaDatabase Sqlite(string path, TimeSpan timeout) =>
        new(ProviderName.SQLiteMS, new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, DefaultTimeout = Seconds(timeout) }.ToString());

    /// <param name="url">As <see cref="PostgresUrl"/> reads it.</param>
    /// <param name="timeout">A statement that takes longer has failed.</param>
    /// <exception cref="FormatException" />
    public static AkkaDatabase Postgres(string url, TimeSpan timeout)
    {
        var settings = PostgresUrl.Parse(url);
        settings.CommandTimeout = Seconds(timeout);
        return new(ProviderName.PostgreSQL15, settings.ToString());
    }

    public override string ToString() => Provider;

    private static int Seconds(TimeSpan timeout) => Math.Max(1, (int)timeout.TotalSeconds);
}
