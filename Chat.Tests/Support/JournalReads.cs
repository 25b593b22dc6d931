using Chat.Actors.Persistence;

namespace Chat.Tests.Support;

/// <summary>What tests ask of a journal that the server never does.</summary>
internal static class JournalReads
{
    public static async Task<long> ReadHeadAsync(this IJournal journal, string log, CancellationToken cancellation) =>
        (await journal.ReadHeadsAsync([log], cancellation))[0];
}
