using Chat.Host.Files;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

public sealed class ThumbnailTurnsTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_user_has_one_turn_at_a_time_and_the_node_two()
    {
        using var turns = new ThumbnailTurns(2, Wait, _time);
        var mina = await EnterAsync(turns, "mina");
        var minaAgain = EnterAsync(turns, "mina");
        var jun = await EnterAsync(turns, "jun");
        var sora = EnterAsync(turns, "sora");
        Assert.False(minaAgain.IsCompleted);
        Assert.False(sora.IsCompleted);

        jun!.Dispose();
        Assert.NotNull(await sora);
        Assert.False(minaAgain.IsCompleted);
        mina!.Dispose();
        Assert.NotNull(await minaAgain);
    }

    [Fact]
    public async Task Whose_turn_does_not_come_in_time_goes_without_and_holds_up_nobody()
    {
        using var turns = new ThumbnailTurns(1, Wait, _time);
        var mina = await EnterAsync(turns, "mina");
        var minaAgain = EnterAsync(turns, "mina");
        var jun = EnterAsync(turns, "jun");
        _time.Advance(Wait);
        Assert.Null(await minaAgain);
        Assert.Null(await jun);

        mina!.Dispose();
        foreach (var user in new[] { "mina", "jun" })
        {
            using var turn = await EnterAsync(turns, user);
            Assert.NotNull(turn);
        }
    }

    [Fact]
    public async Task Who_goes_away_gives_its_place_back()
    {
        using var turns = new ThumbnailTurns(1, Wait, _time);
        var mina = await EnterAsync(turns, "mina");
        using var gone = new CancellationTokenSource();
        var jun = turns.EnterAsync("jun", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => jun);

        mina!.Dispose();
        Assert.NotNull(await EnterAsync(turns, "jun"));
    }

    private static Task<IDisposable?> EnterAsync(ThumbnailTurns turns, string user) => turns.EnterAsync(user, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
}
