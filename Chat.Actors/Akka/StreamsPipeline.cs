using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Chat.Actors.Agents;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// The pipeline as one graph, fused into one actor without a buffer: demand for a chunk travels up to the provider, which so runs at most one
/// token ahead of the log.
/// </summary>
internal sealed class StreamsPipeline(int size, TimeSpan delay, IMaterializer materializer) : IChunkPipeline
{
    /// <summary>A silence shorter than this is no pause, however small the delay: a chunk of a few letters costs an append as a full one does.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    /// <summary>For a provider that does not heed cancellation: its stream is left to itself after this, so that the session's next answer can begin.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private int _pieces;
    private int? _told;

    // One word: the graph may take a token while the log's side reads this.
    public int TokensUsed { get; private set; }

    /// <summary>For <see cref="AgentRunOptions.NewPipeline"/>: the answers of a node share one materializer.</summary>
    public static Func<int, TimeSpan, IChunkPipeline> In(ActorSystem system)
    {
        var materializer = system.Materializer();
        return (size, delay) => new StreamsPipeline(size, delay, materializer);
    }

    public async IAsyncEnumerable<string> ReadAsync(IAgent agent, AgentPrompt prompt, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var closing = new CancellationTokenSource();
        var chunks = new Handover<string>();

        // The kill switch stands last: what a stage above it still holds does not delay a stop.
        var closed = Source.FromGraph(new AnswerSource(agent.AnswerAsync(prompt, closing.Token), closing))
            .Select(CountedText)
            .Via(new GraphemeChunks(size, delay > ShortestPause ? delay : ShortestPause))
            .Via(new Pace(delay))
            .Via(cancellation.AsFlow<string>())
            .To(Sink.FromSubscriber(chunks))
            .Run(materializer);
        try
        {
            await foreach (var chunk in chunks.ReadAllAsync())
            {
                // The switch's message may stand behind a chunk on its way.
                cancellation.ThrowIfCancellationRequested();
                yield return chunk;
            }
        }
        finally
        {
            await closed.WaitAsync(CloseTimeout, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string CountedText(AgentToken token)
    {
        _pieces += string.IsNullOrEmpty(token.Text) ? 0 : 1;
        _told = token.TokensUsed ?? _told;
        TokensUsed = _told ?? _pieces;
        return token.Text ?? "";
    }
}
