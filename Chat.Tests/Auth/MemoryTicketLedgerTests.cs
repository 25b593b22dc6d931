using Chat.Host.Auth;

namespace Chat.Tests.Auth;

public class MemoryTicketLedgerTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly TestClock _clock = new();

    [Fact]
    public async Task A_used_id_is_remembered_until_it_expires()
    {
        // Whatever the moment in a generation at which it was used.
        for (var offset = 0; offset < 31; offset++)
        {
            var ledger = new MemoryTicketLedger(Lifetime, _clock);
            _clock.Advance(TimeSpan.FromSeconds(offset));
            var (id, expires) = (Guid.NewGuid(), _clock.Now + Lifetime);
            Assert.True(await ledger.TryUseAsync(id, expires, default));
            while (_clock.Now < expires)
            {
                Assert.False(await ledger.TryUseAsync(id, expires, default));
                _clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    [Fact]
    public async Task A_full_ledger_refuses_until_it_has_turned()
    {
        var ledger = new MemoryTicketLedger(Lifetime, _clock, capacity: 3);
        for (var i = 0; i < 3; i++)
            Assert.True(await ledger.TryUseAsync(Guid.NewGuid(), _clock.Now + Lifetime, default));
        Assert.False(await ledger.TryUseAsync(Guid.NewGuid(), _clock.Now + Lifetime, default));
        _clock.Advance(Lifetime);
        Assert.True(await ledger.TryUseAsync(Guid.NewGuid(), _clock.Now + Lifetime, default));
    }

    [Fact]
    public async Task It_does_not_promise_what_it_would_forget()
    {
        var ledger = new MemoryTicketLedger(Lifetime, _clock);
        Assert.False(await ledger.TryUseAsync(Guid.NewGuid(), _clock.Now + Lifetime * 2, default));
    }
}
