using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using Chat.Actors.Agents;
using Chat.Host.Configuration;
using OpenAI.Chat;

namespace Chat.Host.Agents;

/// <summary>One request for an answer and its stream. Its failures are <see cref="AgentException"/>s that name neither key nor address.</summary>
internal sealed class OpenAiStream : IAsyncDisposable
{
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stop;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _either;
    private readonly IAsyncEnumerator<StreamingChatCompletionUpdate> _updates;
    private bool _answers;
    private ChatFinishReason? _finish;
    private bool _hasText;

    /// <summary>Sends nothing until the first <see cref="MoveNextAsync"/>.</summary>
    public OpenAiStream(ChatClient client, IReadOnlyList<ChatMessage> messages, AgentOptions options, TimeProvider time, CancellationToken stop)
    {
        (_options, _time, _stop) = (options, time, stop);
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(stop, _silence.Token);
        _updates = client.CompleteChatStreamingAsync(messages, cancellationToken: _either.Token).GetAsyncEnumerator(_either.Token);
    }

    public AgentToken Current { get; private set; }

    /// <summary>After a failure: whether the same request may succeed later.</summary>
    public bool MayRetry { get; private set; }

    /// <summary>After a failure: the wait that the service asked for.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    public async ValueTask<bool> MoveNextAsync()
    {
        while (await NextUpdateAsync())
        {
            var update = _updates.Current;
            _finish ??= update.FinishReason;
            var text = string.Concat(update.ContentUpdate.Select(part => part.Text)) + update.RefusalUpdate;
            _hasText |= text.Length > 0;
            if (text.Length > 0 || update.Usage is not null)
            {
                Current = new AgentToken(text, update.Usage?.OutputTokenCount);
                return true;
            }
        }

        // A proxy ends a broken stream as politely as a whole one; only the service itself gives a reason.
        if (_finish is null)
        {
            MayRetry = true;
            throw new AgentException("The agent's service broke off");
        }
        return _hasText || _finish != ChatFinishReason.ContentFilter ? false : throw new AgentException("The agent's service withheld its answer");
    }

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync();
        _either.Dispose();
        _silence.Dispose();
    }

    /// <summary>Silence counts only while somebody waits for the service, not while the log is slow.</summary>
    private async Task<bool> NextUpdateAsync()
    {
        _silence.CancelAfter(_answers ? _options.TokenTimeout : _options.FirstTokenTimeout);
        try
        {
            var more = await _updates.MoveNextAsync();
            _answers = true;
            return more;
        }
        catch (Exception e)
        {
            _stop.ThrowIfCancellationRequested();
            throw Translate(e);
        }
        finally
        {
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private AgentException Translate(Exception error)
    {
        (MayRetry, var text) = error switch
        {
            OperationCanceledException => (true, "The agent's service was silent for too long"),
            ClientResultException { Status: 401 or 403 } => (false, "The agent's service refused the server's key"),
            ClientResultException { Status: 404 } => (false, "The agent's service does not know the model"),
            ClientResultException { Status: > 0 } e => (e.Status is 408 or 409 or 429 or >= 500, $"The agent's service answered {e.Status}"),
            ClientResultException or HttpRequestException => (true, _answers ? "The agent's service broke off" : "The agent's service could not be reached"),
            IOException => (true, "The agent's service broke off"),
            _ => (false, "The agent's service sent something unreadable"),
        };
        RetryAfter = error is ClientResultException refused ? ReadRetryAfter(refused.GetRawResponse()) : null;
        return new AgentException(text, error);
    }

    /// <summary>RFC 9110, 10.2.3: seconds or a date.</summary>
    private TimeSpan? ReadRetryAfter(PipelineResponse? response)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out var value))
        {
            return null;
        }
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(Math.Min(seconds, 86_400));
        }
        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at - _time.GetUtcNow() : null;
    }
}
