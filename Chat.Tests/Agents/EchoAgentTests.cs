using Chat.Actors.Agents;
using Chat.Host.Agents;
using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Agents;

public class EchoAgentTests
{
    private readonly ManualTime _time = new();
    private readonly EchoAgent _echo;

    public EchoAgentTests() => _echo = new EchoAgent(new AgentOptions { Id = 1, Name = "Echo" }, _time);

    [Fact]
    public async Task It_says_back_what_it_hears_and_counts_it()
    {
        var answer = string.Concat(await ReadAsync(null, "", "안녕 👨‍👩‍👧‍👦 \nsecond line"));
        Assert.Contains("**Hello, Kim!**", answer, StringComparison.Ordinal);
        Assert.Contains("\n> 안녕 👨‍👩‍👧‍👦 \n> second line\n", answer, StringComparison.Ordinal);
        Assert.Contains("**17 characters** in **4 words**", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_goes_on_from_any_point_of_its_own_answer()
    {
        var whole = string.Concat(await ReadAsync(null, ""));
        for (var cut = 0; cut <= whole.Length; cut++)
        {
            Assert.Equal(whole[cut..], string.Concat(await ReadAsync(null, whole[..cut])));
        }
    }

    [Fact]
    public async Task A_script_gives_numbered_tokens()
    {
        var tokens = await ReadAsync("""{"echo":{"tokens":200}}""", "");
        Assert.Equal(200, tokens.Count);
        Assert.Equal(string.Join(' ', Enumerable.Range(0, 200).Select(i => $"t{i}")), string.Concat(tokens));
    }

    [Fact]
    public async Task A_script_gives_a_text()
    {
        Assert.Equal(["one ", "two  ", "세"], await ReadAsync("""{"echo":{"text":"one two  세"}}""", ""));
        Assert.Equal(["one ", "two  "], await ReadAsync("""{"echo":{"text":"one two  세","tokens":2}}""", ""));
    }

    [Fact]
    public async Task A_scripted_answer_goes_on_and_counts_all_its_tokens()
    {
        var last = default(AgentToken);
        var rest = "";
        await foreach (var token in _echo.AnswerAsync(Prompt("""{"echo":{"tokens":20,"first_delay_ms":500}}""", "t0 t1 t", "hi"), default))
        {
            (last, rest) = (token, rest + token.Text);
        }
        Assert.Equal("2 " + string.Join(' ', Enumerable.Range(3, 17).Select(i => $"t{i}")), rest);
        Assert.Equal(20, last.TokensUsed);
    }

    [Fact]
    public async Task A_script_fails_where_it_says()
    {
        var given = 0;
        await Assert.ThrowsAsync<AgentException>(async () =>
        {
            await foreach (var _ in _echo.AnswerAsync(Prompt("""{"echo":{"tokens":20,"fail_after":7}}""", "", "hi"), default))
            {
                given++;
            }
        });
        Assert.Equal(7, given);
    }

    [Fact]
    public async Task Rate_and_first_delay_are_kept_without_drift()
    {
        await using var tokens = _echo.AnswerAsync(Prompt("""{"echo":{"tokens":5,"rate":100,"first_delay_ms":300}}""", "", "hi"), default).GetAsyncEnumerator();
        var next = tokens.MoveNextAsync().AsTask();
        await _time.PassAsync(TimeSpan.FromMilliseconds(300));
        Assert.True(await next);

        // The second is taken 4 ms late; the third comes when it always would have.
        next = tokens.MoveNextAsync().AsTask();
        await _time.ArmedAsync(TimeSpan.FromMilliseconds(10));
        _time.Skip(TimeSpan.FromMilliseconds(14));
        Assert.True(await next);
        next = tokens.MoveNextAsync().AsTask();
        await _time.PassAsync(TimeSpan.FromMilliseconds(6));
        Assert.True(await next);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"echo":7}""")]
    [InlineData("""{"echo":{"tokens":"many","rate":null,"text":["x"],"fail_after":{}}}""")]
    [InlineData("""{"echo":{"text":"\ud800"}}""")]
    public async Task Metadata_that_is_no_script_changes_nothing(string metadata) =>
        Assert.Equal(await ReadAsync(null, ""), await ReadAsync(metadata, ""));

    [Theory]
    [InlineData("""{"tokens":1e300,"rate":-5,"first_delay_ms":-1}""", EchoScript.MaxTokens, 0)]
    [InlineData("""{"tokens":-1,"rate":1e300}""", 0, 1_000_000)]
    public void Numbers_out_of_bounds_are_moved_to_the_bound(string echo, int tokens, double rate)
    {
        var script = EchoScript.Parse($$"""{"echo":{{echo}}}""");
        Assert.Equal((tokens, rate, TimeSpan.Zero), (script.Tokens, script.Rate, script.FirstDelay));
    }

    [Fact]
    public async Task Cancelling_ends_the_wait()
    {
        using var stop = new CancellationTokenSource();
        await using var tokens = _echo.AnswerAsync(Prompt("""{"echo":{"tokens":5,"first_delay_ms":600000}}""", "", "hi"), stop.Token).GetAsyncEnumerator();
        var next = tokens.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task A_changed_message_is_not_answered_further() =>
        await Assert.ThrowsAsync<AgentException>(() => ReadAsync(null, "Something else"));

    private async Task<List<string>> ReadAsync(string? metadata, string written, string text = "hi there")
    {
        var tokens = new List<string>();
        await foreach (var token in _echo.AnswerAsync(Prompt(metadata, written, text), default))
        {
            tokens.Add(token.Text);
        }
        return tokens;
    }

    private static AgentPrompt Prompt(string? metadata, string written, string text) =>
        new(new SessionId("s"), [new AgentTurn(false, "Kim", text)], metadata, written);
}
