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

    /// <summary>At the end what was asked is still answered, as far as that takes no longer. By then no socket is there.</summary>
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan TendInterval = TimeSpan.FromSeconds(1);

    private readonly AkkaOptions _options;
    private readonly SessionServices _services;
    private readonly ILoggerFactory _loggers;
    private readonly SessionViews _views;
    private readonly AskLanes[] _lanes = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new AskLanes())];
    private readonly string _ids = RandomNumberGenerator.GetHexString(10, lowercase: true);
    private long _lastId;
    private readonly ActorSystem _answers;
    private readonly Func<int, TimeSpan, IChunkPipeline> _pipelines;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _living;
    private volatile AkkaNode? _node;
    private volatile bool _isDraining;

    /// <summary>Starts the actor system, and its joining of the cluster; commands wait for that.</summary>
    /// <param name="options">With the settings of Akka.NET itself.</param>
    /// <exception cref="FormatException">The settings are not HOCON.</exception>
    public AkkaSessions(AkkaOptions options, SessionServices services, ILoggerFactory loggers)
    {
        (_options, _services, _loggers, _views) = (options, services, loggers, new SessionViews(services));
        // Of no cluster: an answer that is being written outlives a node's life in one.
        _answers = ActorSystem.Create("answers", ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(AnswersSettings), new LoggerFactorySetup(loggers)));
        _pipelines = StreamsPipeline.In(_answers);
        BeginAsync(isFirst: true).GetAwaiter().GetResult();
        _living = Detached.Run(LiveAsync);
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
        if (_lanes[asker].Post(new AskLanes.Ask(session, span, named, reply)) is { } refused)
        {
            return refused;
        }
        _node!.Wake(asker);
        var answered = await reply.Task.WaitAsync(cancellation).ConfigureAwait(false);
        if (answered is Rejected rejected)
        {
            span?.SetTag(ChatMetrics.Code, rejected.Code.Name());
        }
        return answered;
    }

    public ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation = default) => _views.ReadAsync(session, cancellation);

    public (int Loaded, int Homed) Count() => (_node!.Entities.Count, _node.Entities.Count);

    public bool IsUp => _node!.IsUp;

    /// <summary>A pipeline for one answer.</summary>
    public IChunkPipeline NewPipeline(int size, TimeSpan delay) => _pipelines(size, delay);

    public async Task DrainAsync()
    {
        _isDraining = true;
        try
        {
            await _node!.HandOverAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The stop goes on: what matters then is that sockets are told and answers are given.
            LogNotHandedOver(_services.Logger, e);
        }
    }

    /// <summary>Sessions finish what they have, and the node leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_ending.IsCancellationRequested)
        {
            return;
        }
        await _ending.CancelAsync();
        await Task.WhenAll(_lanes.Select(lanes => lanes.CloseAsync(Stopping, LastAnswers, _services.Time)));
        // No other life begins from here on; one that is about to has begun.
        await _living;
        await _node!.LeaveAsync();
        foreach (var lanes in _lanes)
        {
            lanes.End(Stopping);
        }
        await _answers.Terminate();
        _views.Dispose();
        _ending.Dispose();
    }

    /// <summary>As long as the engine lives: where one life of the node has ended, the next begins.</summary>
    private async Task LiveAsync()
    {
        while (true)
        {
            await TendAsync(_node!).ConfigureAwait(false);
            if (_ending.IsCancellationRequested)
            {
                return;
            }
            LogLost(_services.Logger);
            await BeginAsync(isFirst: false).ConfigureAwait(false);
        }
    }

    private async Task BeginAsync(bool isFirst)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                _node = await AkkaNode.BeginAsync(_options, _services, _lanes, isFirst, _loggers).ConfigureAwait(false);
                break;
            }
            catch (Exception e) when (!isFirst)
            {
                LogNotBegun(_services.Logger, e);
                await Task.Delay(TendInterval, _services.Time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        if (_isDraining)
        {
            await DrainAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Returns when this life of the node has ended, or the engine is to.</summary>
    private async Task TendAsync(AkkaNode node)
    {
        var wholeAt = _services.Time.GetTimestamp();
        while (!node.Terminated.IsCompleted && !_ending.IsCancellationRequested)
        {
            await Task.WhenAny(node.Terminated, Task.Delay(TendInterval, _services.Time, _ending.Token)).ConfigureAwait(false);
            try
            {
                if (!node.Terminated.IsCompleted && !_isDraining && _options.Seeds.Count > 1)
                {
                    wholeAt = await CareAsync(node, wholeAt).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The actor system may end at any moment; what is asked of it then throws.
                LogNotTended(_services.Logger, e);
            }
        }
    }

    /// <returns>Timestamp since when the cluster has not been whole; of now where it is.</returns>
    private async Task<long> CareAsync(AkkaNode node, long wholeAt)
    {
        var (isUp, members, hasSeed, nodes) = (node.IsUp, node.Members, node.HasSeed, _options.CountNodes());
        if (isUp && !ClusterCares.IsSmaller(members, hasSeed, nodes))
        {
            return _services.Time.GetTimestamp();
        }
        switch (ClusterCares.Of(isUp, node.IsSeed, members, hasSeed, nodes, _services.Time.GetElapsedTime(wholeAt)))
        {
            case ClusterCare.Found:
                node.Found();
                return _services.Time.GetTimestamp();
            case ClusterCare.JoinAgain:
                LogApart(_services.Logger, members, nodes);
                await node.EndAsync().ConfigureAwait(false);
                break;
        }
        return wholeAt;
    }

    [LoggerMessage(124, LogLevel.Warning, "The cluster took this node for dead and went on without it: it joins again, as a new one")]
    private static partial void LogLost(ILogger logger);

    [LoggerMessage(125, LogLevel.Error, "The node could not begin to join its cluster again; it tries on")]
    private static partial void LogNotBegun(ILogger logger, Exception fault);

    [LoggerMessage(126, LogLevel.Warning, "This node's cluster has {Members} members, and there are {Nodes} nodes: it joins the others")]
    private static partial void LogApart(ILogger logger, int members, int nodes);

    [LoggerMessage(128, LogLevel.Debug, "The cluster could not be looked at")]
    private static partial void LogNotTended(ILogger logger, Exception fault);

    [LoggerMessage(127, LogLevel.Warning, "Sessions could not be handed over: they come back on other nodes when this one is gone")]
    private static partial void LogNotHandedOver(ILogger logger, Exception fault);
}
