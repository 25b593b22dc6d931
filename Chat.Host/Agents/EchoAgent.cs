using System.Globalization;
using System.Runtime.CompilerServices;
using Chat.Actors.Agents;
using Chat.Host.Configuration;

namespace Chat.Host.Agents;

/// <summary>
/// The agent that needs nothing: it says back what it hears, at the pace of the configured chunks. Its answer follows from the message alone, so it
/// can go on in the middle after a crash.
/// <para>
/// For load tests the message's metadata scripts the answer; every field is optional:
/// <c>{"echo":{"tokens":200,"rate":100,"first_delay_ms":300,"fail_after":50,"text":"..."}}</c>.
/// <c>tokens</c> (at most 100,000; 3,000 in production): the answer is <c>t0 t1 t2 …</c> up to that number, each token with a blank after it but the last.
/// <c>text</c>: the answer is this text, a word to a token. <c>rate</c>: tokens per second, 0 (the default) for as fast as they are taken; a late token does not delay the later ones.
/// <c>first_delay_ms</c> (at most 600,000): time before the first token. <c>fail_after</c>: the agent fails after so many tokens, and the answer ends as <c>failed</c>.
/// What is shown is paced by <c>chat.stream</c> on top of that: 200 tokens of 4 graphemes take 4 s at the default 10 graphemes per 50 ms, however high the rate.
/// <c>tokens_used</c> is the exact number of tokens.
/// </para>
/// </summary>
internal sealed class EchoAgent(AgentOptions options, TimeProvider time, int maxTokens = EchoScript.MaxTokens) : IAgent
{
    public int Id => options.Id;
    public string Name => options.Name;
    public string? AvatarUrl => options.AvatarUrl;
    public bool AnswersItself => false;
    public bool CanContinue => true;

    /// <summary>It listens to the last message only.</summary>
    public int ContextMessages => 1;

    public async IAsyncEnumerable<AgentToken> AnswerAsync(AgentPrompt prompt, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var script = EchoScript.Parse(prompt.Metadata, maxTokens);
        var written = prompt.Written;
        var at = 0;
        var count = 0;
        var begun = time.GetTimestamp();
        var wait = written.Length == 0 ? script.FirstDelay : TimeSpan.Zero;
        var before = 0;
        foreach (var token in Tokens(script, prompt.Conversation[^1]))
        {
            if (count == script.FailAfter)
            {
                break;
            }
            count++;
            var known = Math.Min(token.Length, written.Length - at);
            if (known > 0 && string.CompareOrdinal(written, at, token, 0, known) != 0)
            {
                throw new AgentException("The message was changed while it was answered");
            }
            at += Math.Max(known, 0);
            if (known == token.Length)
            {
                before = count;
                continue;
            }
            if (script.Rate > 0 || count == 1)
            {
                var due = wait + (script.Rate > 0 ? TimeSpan.FromSeconds((count - 1 - before) / script.Rate) : TimeSpan.Zero);
                await SleepAsync(due - time.GetElapsedTime(begun), cancellation);
            }
            cancellation.ThrowIfCancellationRequested();
            yield return new AgentToken(token[Math.Max(known, 0)..], count);
        }
        if (script.FailAfter <= count)
        {
            throw new AgentException($"The script said to fail after {count} tokens");
        }
    }

    private static IEnumerable<string> Tokens(EchoScript script, AgentTurn message) => script switch
    {
        { Text: { } text } => Words(text).Take(script.Tokens ?? EchoScript.MaxTokens),
        { Tokens: { } tokens } => Enumerable.Range(0, tokens).Select(i => i == tokens - 1 ? $"t{i}" : $"t{i} "),
        _ => Words(Answer(message)),
    };

    private static string Answer(AgentTurn message)
    {
        var text = message.Text.Trim();
        var quoted = "> " + text.ReplaceLineEndings("\n> ");
        var characters = new StringInfo(text).LengthInTextElements;
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        return $"""
            **Hello, {message.Name}!** I am the echo, the agent that is built in. I need no key and no network: I say back what I hear, so that you can watch an answer arrive piece by piece, on every device at once.

            You wrote:

            {quoted}

            That makes **{Count(characters, "character")}** in **{Count(words, "word")}**. Write again while I am still talking and your next message waits its turn, or press *Stop* and I fall silent at once.
            """.ReplaceLineEndings("\n");
    }

    private static string Count(int number, string noun) => string.Create(CultureInfo.InvariantCulture, $"{number} {noun}{(number == 1 ? "" : "s")}");

    /// <summary>The text in words, each with the blanks that follow it.</summary>
    private static IEnumerable<string> Words(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
            {
                end++;
            }
            while (end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }
            yield return text[start..end];
            start = end;
        }
    }

    private async Task SleepAsync(TimeSpan rest, CancellationToken cancellation)
    {
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(rest.TotalMilliseconds)), time, cancellation);
        }
    }
}
