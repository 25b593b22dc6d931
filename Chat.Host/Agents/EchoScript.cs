using System.Text.Json;

namespace Chat.Host.Agents;

/// <summary>What a message's metadata asks of the echo: <c>{"echo":{...}}</c>. Numbers out of bounds are moved to the bound, other types ignored.</summary>
internal sealed record EchoScript
{
    public const int MaxTokens = 100_000;

    /// <summary>
    /// In production a script makes the answer no longer than the longest message makes it: 3,000 tokens have 17,000 characters. Whoever may send a message would
    /// else have 20,000 events written for it.
    /// </summary>
    public const int MaxTokensInProduction = 3_000;

    private const double MaxRate = 1_000_000;
    private const double MaxFirstDelay = 600_000;

    /// <summary>Number of tokens of the answer; bounds <see cref="Text"/> where both are given.</summary>
    public int? Tokens { get; init; }

    /// <summary>Tokens per second; 0 is as fast as they are taken.</summary>
    public double Rate { get; init; }

    /// <summary>Before the first token; a continued answer does not wait again.</summary>
    public TimeSpan FirstDelay { get; init; }

    /// <summary>The agent fails after so many tokens, counted from the answer's beginning.</summary>
    public int? FailAfter { get; init; }

    /// <summary>The answer itself, word by word.</summary>
    public string? Text { get; init; }

    /// <param name="maxTokens">The bound of <see cref="Tokens"/> and <see cref="FailAfter"/>.</param>
    public static EchoScript Parse(string? metadata, int maxTokens = MaxTokens)
    {
        if (metadata is null)
        {
            return new EchoScript();
        }
        try
        {
            using var document = JsonDocument.Parse(metadata);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("echo", out var echo) && echo.ValueKind == JsonValueKind.Object
                ? Read(echo, maxTokens)
                : new EchoScript();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Metadata is the client's own; half a surrogate pair in it is an InvalidOperationException.
            return new EchoScript();
        }
    }

    private static EchoScript Read(JsonElement echo, int maxTokens) => new()
    {
        Tokens = (int?)Number(echo, "tokens", maxTokens),
        Rate = Number(echo, "rate", MaxRate) ?? 0,
        FirstDelay = TimeSpan.FromMilliseconds(Number(echo, "first_delay_ms", MaxFirstDelay) ?? 0),
        FailAfter = (int?)Number(echo, "fail_after", maxTokens),
        Text = echo.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()!.Replace('\0', '\ufffd') : null,
    };

    private static double? Number(JsonElement echo, string name, double most) =>
        echo.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            ? Math.Clamp(number, 0, most)
            : null;
}
