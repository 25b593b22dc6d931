using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using Chat.Actors.Agents;
using Chat.Host.Configuration;
using OpenAI;
using OpenAI.Chat;

namespace Chat.Host.Agents;

/// <summary>An agent behind any service that speaks OpenAI's chat completions.</summary>
internal sealed class OpenAiAgent : IAgent, IDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(8);

    /// <summary>A service that asks to be left alone for longer than this gets no second try: the session would wait for nothing.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(60);

    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly ChatClient _client;

    /// <exception cref="ArgumentException">No model, an address that is none, or an unknown <c>on-crash</c>.</exception>
    public OpenAiAgent(AgentOptions options, TimeProvider time)
    {
        if (string.IsNullOrWhiteSpace(options.Model))
        {
            throw new ArgumentException($"chat.agents: agent {options.Id} has no model");
        }
        if (options.OnCrash is not ("interrupt" or "continue"))
        {
            throw new ArgumentException($"chat.agents: on-crash of agent {options.Id} is neither interrupt nor continue");
        }
        (_options, _time) = (options, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),

            // An answer that is left early is closed at once. The default reads on for 2 s to save the connection, and the model goes on writing meanwhile.
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var client = new OpenAIClientOptions
        {
            // Only this class knows whether a token has been shown, so only it retries and only it counts silence.
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            Transport = new HttpClientPipelineTransport(_http),
        };
        if (!string.IsNullOrEmpty(options.Address))
        {
            client.Endpoint = Uri.TryCreate(options.Address, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                ? address
                : throw new ArgumentException($"chat.agents: the address of agent {options.Id} is not an http or https address");
        }

        // A service on the own machine often wants no key; the client insists on one.
        _client = new ChatClient(options.Model, new ApiKeyCredential(string.IsNullOrEmpty(options.ApiKey) ? "none" : options.ApiKey), client);
    }

    public int Id => _options.Id;
    public string Name => _options.Name;
    public string? AvatarUrl => _options.AvatarUrl;
    public bool AnswersItself => false;
    public bool CanContinue => _options.OnCrash == "continue";
    public int ContextMessages => _options.ContextMessages;

    public async IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (stream, more) = await OpenAsync(Messages(prompt), cancellation);
        await using (stream)
        {
            for (; more; more = await stream.MoveNextAsync())
            {
                yield return stream.Current;
            }
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Tries until the first token is there; what fails after it is not tried again, since its beginning has been shown.</summary>
    private async Task<(OpenAiStream Stream, bool More)> OpenAsync(List<ChatMessage> messages, CancellationToken cancellation)
    {
        var backoff = FirstBackoff;
        for (var attempt = 1; ; attempt++)
        {
            var stream = new OpenAiStream(_client, messages, _options, _time, cancellation);
            try
            {
                return (stream, await stream.MoveNextAsync());
            }
            catch (Exception e)
            {
                await stream.DisposeAsync();
                if (e is not AgentException || !stream.MayRetry || attempt >= _options.MaxAttempts || stream.RetryAfter > LongestRetryAfter)
                {
                    throw;
                }
            }
            var wait = stream.RetryAfter > backoff ? stream.RetryAfter.Value : backoff * (0.75 + (0.25 * Random.Shared.NextDouble()));
            backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
            await Task.Delay(wait, _time, cancellation);
        }
    }

    private List<ChatMessage> Messages(AgentPrompt prompt)
    {
        var messages = new List<ChatMessage>();
        if (!string.IsNullOrWhiteSpace(_options.SystemPrompt))
        {
            messages.Add(new SystemChatMessage(_options.SystemPrompt));
        }

        // As a prefix, and only where it matters who speaks: participant names may hold ASCII only, and some services refuse them.
        var several = prompt.Conversation.Where(turn => !turn.FromAgent).Select(turn => turn.Name).Distinct().Skip(1).Any();
        foreach (var turn in prompt.Conversation.Where(turn => !string.IsNullOrWhiteSpace(turn.Text)))
        {
            messages.Add(turn.FromAgent ? new AssistantChatMessage(turn.Text) : new UserChatMessage(several ? $"{turn.Name}: {turn.Text}" : turn.Text));
        }
        if (prompt.Written.Length > 0)
        {
            messages.Add(new AssistantChatMessage(prompt.Written));
        }
        return messages;
    }
}
