namespace Chat.Host.Auth;

/// <summary>Remembers which tickets have been used.</summary>
public interface ITicketLedger
{
    /// <summary>True for exactly one caller per id, until <paramref name="expires"/>; false also where that cannot be promised.</summary>
    ValueTask<bool> TryUseAsync(Guid id, DateTimeOffset expires, CancellationToken cancellation);
}
