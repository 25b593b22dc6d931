using System.Collections.Immutable;
using Akka.Actor;
using Akka.Persistence;
using Akka.Persistence.Journal;

namespace Chat.Tests.AkkaEngine;

/// <summary>A journal of Akka.Persistence in memory whose writes end as the system's <see cref="WriteControl"/> says.</summary>
internal sealed class ControlledJournal : MemoryJournal
{
    public const string Settings =
        """
        akka.persistence.journal.plugin = "chat-test-journal"
        chat-test-journal {
          class = "Chat.Tests.AkkaEngine.ControlledJournal, Chat.Tests"
          plugin-dispatcher = "akka.actor.default-dispatcher"
          replay-filter.mode = off
          circuit-breaker {
            max-failures = 1000000
            call-timeout = 300s
          }
        }
        """;

    private readonly WriteControl _control;

    public ControlledJournal() => _control = Context.System.Settings.Setup.Get<WriteControl>().Value;

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max, Action<IPersistentRepresentation> recoveryCallback) =>
        await base.ReplayMessagesAsync(
            context, persistenceId, fromSequenceNr, toSequenceNr, max,
            e =>
            {
                _control.CountReplayed();
                recoveryCallback(e);
            });

    public override async Task<long> ReadHighestSequenceNrAsync(string persistenceId, long fromSequenceNr)
    {
        await _control.ReplayAsync();
        return await base.ReadHighestSequenceNrAsync(persistenceId, fromSequenceNr);
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages)
    {
        var writes = messages.ToList();
        var end = await _control.TakeAsync([.. writes.SelectMany(write => (IEnumerable<IPersistentRepresentation>)write.Payload).Select(e => e.Payload)]);
        if (end == HeldWrite.End.Rejected)
        {
            return writes.Select(Exception (_) => new InvalidOperationException("not taken")).ToImmutableList();
        }
        if (end != HeldWrite.End.LostBefore)
        {
            await base.WriteMessagesAsync(writes);
        }
        return end == HeldWrite.End.Stored ? null! : throw new TimeoutException("no commit in time");
    }
}
