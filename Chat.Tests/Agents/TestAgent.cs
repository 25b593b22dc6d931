using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Chat.Actors.Agents;

namespace Chat.Tests.Agents;

/// <summary>An agent whose tokens the test hands out one by one, and which tells when its stream is opened and closed.</summary>
internal sealed class TestAgent : IAgent
{
    private readonly Channel<AgentStream> _streams = Channel.CreateUnbounded<AgentStream>();

    public int Id { get; init; } = 1;
    public string Name => "test";
    public string? AvatarUrl => null;
    public bool AnswersItself { get; init; }
    public bool CanContinue { get; init; }
    public int ContextMessages => 20;

    /// <summary>Every stream gives these and ends, without the test's help.</summary>
    public IReadOnlyList<string>? Always { get; init; }

    public int Opened { get; private set; }

    /// <summary>The next answer that has been asked for.</summary>
    public async Task<AgentStream> OpenedAsync() => await _streams.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public async IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var stream = new AgentStream(prompt);
        Opened++;
        if (Always is not null)
        {
            stream.Give([.. Always]);
            stream.End();
        }
        _streams.Writer.TryWrite(stream);
        try
        {
            await foreach (var token in stream.Tokens.Reader.ReadAllAsync(cancellation))
            {
                stream.Taken++;
                yield return token;
            }
        }
        finally
        {
            stream.Close();
        }
    }
}

/// <summary>One answer of a <see cref="TestAgent"/>, seen from the provider's side.</summary>
internal sealed class AgentStream(AgentPrompt prompt)
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AgentPrompt Prompt { get; } = prompt;
    public Channel<AgentToken> Tokens { get; } = Channel.CreateUnbounded<AgentToken>();

    /// <summary>Tokens that have been read.</summary>
    public int Taken { get; set; }

    public bool IsClosed => _closed.Task.IsCompleted;

    public void Give(params string[] texts)
    {
        foreach (var text in texts)
        {
            Tokens.Writer.TryWrite(new AgentToken(text));
        }
    }

    public void End() => Tokens.Writer.TryComplete();

    public void Fail(Exception error) => Tokens.Writer.TryComplete(error);

    public void Close() => _closed.TrySetResult();

    public Task ClosedAsync() => _closed.Task.WaitAsync(TimeSpan.FromSeconds(30));
}
