using System.Data.Common;
using Chat.Actors.Persistence;

namespace Chat.Tests.Contracts;

/// <summary>A database that fails when told to, and lets everyone lead.</summary>
internal sealed class DoctoredReadDatabase(ReadDatabase inner) : ReadDatabase
{
    /// <summary>What opening a connection does first: the tests' place to fail it.</summary>
    public Action BeforeOpen { get; set; } = () => { };

    public bool EveryoneLeads { get; init; }

    internal override TimeSpan Poll => inner.Poll;

    internal override TimeSpan GatherTime => inner.GatherTime;

    internal override int BatchSize => inner.BatchSize;

    internal override SearchIndex Search => inner.Search;

    internal override ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        BeforeOpen();
        return inner.OpenAsync(cancellation);
    }

    internal override ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellation) => inner.BeginReadAsync(connection, cancellation);

    internal override ValueTask<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancellation) => inner.BeginWriteAsync(connection, cancellation);

    internal override ValueTask<int> ExecuteAsync(DbTransaction transaction, IEnumerable<ReadStatement> statements, CancellationToken cancellation) =>
        inner.ExecuteAsync(transaction, statements, cancellation);

    internal override ValueTask<bool> TryLeadAsync(DbConnection connection, CancellationToken cancellation) =>
        EveryoneLeads ? new(true) : inner.TryLeadAsync(connection, cancellation);

    internal override ValueTask StopLeadingAsync(DbConnection connection) => EveryoneLeads ? ValueTask.CompletedTask : inner.StopLeadingAsync(connection);

    internal override IReadOnlyList<ReadStatement> Empty(IReadOnlyList<string> tables) => inner.Empty(tables);

    internal override bool IsOfTheData(Exception failure) => inner.IsOfTheData(failure);
}
