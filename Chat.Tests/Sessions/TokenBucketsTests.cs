using Chat.Actors.Sessions;
using Chat.Tests.Support;

namespace Chat.Tests.Sessions;

public sealed class TokenBucketsTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void What_is_owed_has_to_be_refilled_first()
    {
        var buckets = new TokenBuckets<string>(perMinute: 60, _time);
        Assert.Equal(TimeSpan.Zero, buckets.Take("a", 58));
        Assert.Equal(TimeSpan.Zero, buckets.Take("a"));

        buckets.Charge("a", 9);

        Assert.Equal(TimeSpan.FromSeconds(9), buckets.Take("a"));
        Assert.Equal(TimeSpan.Zero, buckets.Take("b"));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.Zero, buckets.Take("a"));
        Assert.NotEqual(TimeSpan.Zero, buckets.Take("a"));
    }

    [Fact]
    public void More_than_a_bucket_holds_take_all_of_it()
    {
        var buckets = new TokenBuckets<string>(perMinute: 5, _time);

        Assert.Equal(TimeSpan.Zero, buckets.Take("a", 100));

        Assert.Equal(TimeSpan.FromSeconds(12), buckets.Take("a"));
    }

    [Fact]
    public void A_flood_of_keys_is_forgotten_before_the_minute_is_over()
    {
        var buckets = new TokenBuckets<int>(perMinute: 600, _time);
        var most = 0;
        buckets.Take(-1, 600);

        // 20,000 keys in 20 s; each bucket is full again after a tenth of a second.
        for (var key = 0; key < 20_000; key++)
        {
            buckets.Take(key);
            most = Math.Max(most, buckets.Count);
            _time.Advance(1);
        }

        // The hundred or so that are not full yet stay with the 10,000.
        Assert.InRange(most, 1, 10_200);
        // What was spent is not given back by forgetting.
        Assert.NotEqual(TimeSpan.Zero, buckets.Take(-1, 600));
    }
}
