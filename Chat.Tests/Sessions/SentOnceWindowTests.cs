using Chat.Actors.Sessions;
using Chat.Protocol;
using Sent = Chat.Actors.Sessions.SentOnceWindow.Sent;

namespace Chat.Tests.Sessions;

public sealed class SentOnceWindowTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_finds_what_a_plain_list_of_the_last_sends_finds(int seed)
    {
        var random = new Random(seed);
        var window = new SentOnceWindow();
        var kept = new List<Sent>();
        var newest = new Dictionary<(string, string), Sent>();
        var now = Noon;
        for (var seq = 1; seq <= 25_000; seq++)
        {
            now += random.Next(5_000) == 0 ? TimeSpan.FromHours(random.Next(30)) : TimeSpan.FromMilliseconds(random.Next(3));
            var (author, clientId) = (Author(random), ClientId(random, seq));
            var expected = newest.GetValueOrDefault((author, clientId)) is { } sent && sent.Seq >= kept[0].Seq && now - sent.At < SentOnceWindow.Age ? sent : null;
            var found = window.Find(author, clientId, now);
            Assert.Equal(
                expected is null ? null : new Accepted { Seq = expected.Seq, At = expected.At, MessageId = expected.MessageId, RunId = expected.RunId, Repeat = true }, found);
            if (found is not null)
            {
                continue;
            }
            var added = new Sent(author, clientId, new MessageId($"msg_{seq}"), random.Next(4) == 0 ? new MessageId($"run_{seq}") : null, seq, now);
            window.Add(added);
            kept.Add(added);
            newest[(author, clientId)] = added;
            kept.RemoveRange(0, Math.Max(kept.Count - SentOnceWindow.Capacity, kept.FindIndex(one => now - one.At < SentOnceWindow.Age)));
            Assert.Equal(kept.Count, window.Count);
            if (seq % 2_500 == 0)
            {
                Assert.Equal(kept, window.All);
            }
        }
    }

    [Fact]
    public void What_was_there_at_a_call_is_read_while_everything_changes()
    {
        var window = new SentOnceWindow();
        for (var seq = 1; seq <= SentOnceWindow.Capacity; seq++)
        {
            window.Add(At(seq));
        }
        var all = window.All;
        for (var seq = 1; seq <= 2 * SentOnceWindow.Capacity; seq++)
        {
            window.Add(At(SentOnceWindow.Capacity + seq));
        }

        Assert.Equal(Enumerable.Range(1, SentOnceWindow.Capacity).Select(At), all);
        Assert.Equal(all, all);

        static Sent At(int seq) => new("ann", $"c{seq}", new MessageId($"msg_{seq}"), RunId: null, seq, Noon.AddMilliseconds(seq));
    }

    [Fact]
    public void An_author_and_an_id_are_told_apart_wherever_they_meet()
    {
        var window = new SentOnceWindow();
        window.Add(new Sent("ab", "c", new MessageId("1"), RunId: null, 1, Noon));
        window.Add(new Sent("a", "bc", new MessageId("2"), RunId: null, 2, Noon));

        Assert.Equal((1, 2), (window.Find("ab", "c", Noon)!.Seq, window.Find("a", "bc", Noon)!.Seq));
        Assert.Null(window.Find("abc", "", Noon));
        Assert.Null(window.Find("", "abc", Noon));
    }

    private static string Author(Random random) => random.Next(3) switch { 0 => "ann", 1 => "김철수", _ => $"user-{random.Next(5)}" };

    /// <summary>Some again and again, some of letters of every width, and one that a block has no room for.</summary>
    private static string ClientId(Random random, int seq) => random.Next(2_000) switch
    {
        0 => new string('x', 20_000),
        < 200 => $"again-{random.Next(50)}",
        < 400 => $"안녕-{seq}-👋",
        _ => $"{seq:D36}",
    };
}
