using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Agents;

/// <summary>One answer as this node writes it: claimed, streamed into the log chunk by chunk, ended. Used once.</summary>
internal sealed partial class AgentRun(SessionId session, MessageId id, AgentRunContext context)
{
    /// <summary>UTF-16 units after which an answer is cut off as failed: the session holds it whole while it is written.</summary>
    internal const int MaxAnswer = Limits.StreamContent;

    private readonly long _begun = context.Time.GetTimestamp();

    public MessageId Id => id;

    /// <summary>0 until the claim is answered.</summary>
    public int Epoch { get; private set; }

    /// <summary>
    /// Returns when the answer has ended or is no longer this node's. Cancelling closes the provider's stream and leaves the run open:
    /// whoever cancels knows that it has ended, or that another start or node goes on with it.
    /// </summary>
    public async Task ExecuteAsync(CancellationToken cancellation)
    {
        if (await AskAsync(new ClaimRun { Caller = Caller.Server, MessageId = id, Node = context.Options.Node }, cancellation) is not Accepted claim)
        {
            return;
        }
        Epoch = claim.Epoch;

        // Read after the claim: from here on nobody else can add to what is written.
        var view = await Backoff.ReadAsync(stop => context.Gateway.ReadAsync(session, stop), context.Time, cancellation);
        if (view?.OpenRuns.FirstOrDefault(run => run.MessageId == id) is not { } run || run.Epoch > Epoch)
        {
            return;
        }

        // An answer of which nothing is written can be begun again by any agent.
        var agent = context.FindAgent(run.AgentId);
        var (status, tokens) = run switch
        {
            { StreamedBy: not null } => (StreamStatus.Interrupted, 0),
            _ when agent is null or { AnswersItself: true } => NoAgent(run.AgentId),
            { Written.Length: > 0 } when !agent.CanContinue => (StreamStatus.Interrupted, 0),
            _ => await StreamAsync(agent, run, cancellation),
        };
        if (status is not null)
        {
            await EndAsync(status, tokens, tookOver: Epoch > 1 || run.NextIndex > 0, cancellation);
        }
    }

    /// <summary>How the answer ends, or null where it is no longer this node's to end.</summary>
    private async Task<(string? Status, int Tokens)> StreamAsync(IAgent agent, OpenRun run, CancellationToken cancellation)
    {
        var pipeline = context.Options.NewPipeline?.Invoke(context.Options.ChunkSize, context.Options.Delay) ?? new ChunkPipeline(context.Options.ChunkSize, context.Options.Delay, context.Time);
        try
        {
            var conversation = await Backoff.ReadAsync(
                stop => context.Conversation.ReadAsync(session, run.PromptId, agent.ContextMessages, stop), context.Time, cancellation);
            if (conversation.Turns.Count == 0)
            {
                throw new AgentException("The message to answer is gone");
            }
            var prompt = new AgentPrompt(session, conversation.Turns, conversation.Metadata, run.Written);
            var (index, length) = (run.NextIndex, run.Written.Length);
            await foreach (var chunk in pipeline.ReadAsync(agent, prompt, cancellation))
            {
                var append = new AppendChunk { Caller = Caller.Server, MessageId = id, Content = chunk, Epoch = Epoch, Index = index++ };
                var started = context.Time.GetTimestamp();
                var reply = await AskAsync(append, cancellation);
                ChatMetrics.ChunkLatency.Record(context.Time.GetElapsedTime(started).TotalSeconds);
                if (reply is Rejected refused)
                {
                    LogRefused(context.Logger, session, id, refused.Code);
                    return (IsOver(refused.Code) ? null : StreamStatus.Failed, pipeline.TokensUsed);
                }
                length += chunk.Length;
                if (length > MaxAnswer)
                {
                    throw new AgentException("The answer is too long");
                }
            }
            return (StreamStatus.Complete, pipeline.TokensUsed);
        }
        catch (AgentException e)
        {
            LogAgentFailed(context.Logger, agent.Id, session, id, e.Message);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogBroken(context.Logger, e, agent.Id, session, id);
        }
        return (StreamStatus.Failed, pipeline.TokensUsed);
    }

    private (string Status, int Tokens) NoAgent(int agentId)
    {
        LogAgentFailed(context.Logger, agentId, session, id, "No agent of this id answers here");
        return (StreamStatus.Failed, 0);
    }

    private async Task EndAsync(string status, int tokens, bool tookOver, CancellationToken cancellation)
    {
        var end = new EndStream
        {
            Caller = Caller.Server,
            MessageId = id,
            Status = status,
            TokensUsed = tokens,
            LatencyMs = tookOver ? null : (int)Math.Min(int.MaxValue, context.Time.GetElapsedTime(_begun).TotalMilliseconds),
            Epoch = Epoch,
        };
        if (await AskAsync(end, cancellation) is Rejected refused)
        {
            LogRefused(context.Logger, session, id, refused.Code);
        }
    }

    /// <summary>Asks until the storage and the session's home answer.</summary>
    private async Task<Reply> AskAsync(SessionCommand command, CancellationToken cancellation)
    {
        for (var backoff = new Backoff(context.Time); ;)
        {
            cancellation.ThrowIfCancellationRequested();
            var reply = await context.Gateway.AskAsync(session, command, cancellation);
            if (reply is not Rejected { Code: ErrorCode.StorageUnavailable or ErrorCode.ClusterUnavailable } away)
            {
                return reply;
            }
            await backoff.WaitAsync(away.RetryAfter, cancellation);
        }
    }

    /// <summary>The run has ended, or another owner has it, or its session takes nothing more.</summary>
    private static bool IsOver(ErrorCode code) => code is ErrorCode.Forbidden or ErrorCode.NotFound or ErrorCode.Archived;

    [LoggerMessage(400, LogLevel.Debug, "Run {Run} of session {Session} was refused a write: {Code}")]
    private static partial void LogRefused(ILogger logger, SessionId session, MessageId run, ErrorCode code);

    [LoggerMessage(401, LogLevel.Warning, "Agent {Agent} failed in run {Run} of session {Session}: {Reason}")]
    private static partial void LogAgentFailed(ILogger logger, int agent, SessionId session, MessageId run, string reason);

    [LoggerMessage(402, LogLevel.Error, "Agent {Agent} broke run {Run} of session {Session}")]
    private static partial void LogBroken(ILogger logger, Exception error, int agent, SessionId session, MessageId run);
}

/// <summary>What every run of a node works with.</summary>
internal sealed record AgentRunContext(
    ISessionGateway Gateway, IConversation Conversation, Func<int, IAgent?> FindAgent, AgentRunOptions Options, TimeProvider Time, ILogger Logger);

/// <summary>How this node runs answers.</summary>
public sealed record AgentRunOptions
{
    /// <summary>Names this process in claims; differs from start to start.</summary>
    public required string Node { get; init; }

    /// <summary>Graphemes per chunk.</summary>
    public int ChunkSize { get; init; } = 10;

    /// <summary>Least time between two chunks of one answer; zero goes as fast as the log takes them.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The engine's, from the two above; null: <see cref="ChunkPipeline"/>.</summary>
    public Func<int, TimeSpan, IChunkPipeline>? NewPipeline { get; init; }
}
