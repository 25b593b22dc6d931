using System.Data.Common;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>The database that the read model stands in: what SQLite and PostgreSQL do not do alike.</summary>
public abstract class ReadDatabase : IDisposable
{
    /// <summary>
    /// The name of the projector's row in <c>chat_projection</c>, with the version of the read migration that last changed what is filled: a projector of an older
    /// build, which would fill the tables as they were, finds no row and stands still.
    /// </summary>
    internal const string Projection = "read_model/4";

    /// <summary>Everything that is refilled from the log; <c>chat_read_markers</c> is not.</summary>
    internal static readonly string[] RefilledTables =
        ["chat_files", "chat_reactions", "chat_open_runs", "chat_members", "chat_messages", "chat_sessions", "chat_list_totals", "chat_poison"];

    /// <summary>
    /// How long the projector sleeps where nothing wakes it: appends of its own process do, those of others do not, nor does an offset that a rebuild set back.
    /// </summary>
    internal virtual TimeSpan Poll => TimeSpan.FromMilliseconds(250);

    /// <summary>Events that come within this are written in one transaction, unless someone waits for them: one for each commit of the journal would cost as much as the commit.</summary>
    internal virtual TimeSpan GatherTime => TimeSpan.FromMilliseconds(100);

    /// <summary>Most events of one transaction.</summary>
    internal virtual int BatchSize => 1000;

    internal abstract SearchIndex Search { get; }

    static ReadDatabase() => SqlMapper.AddTypeHandler(new StoredTime.Handler());

    internal abstract ValueTask<DbConnection> OpenAsync(CancellationToken cancellation);

    /// <summary>All reads of the transaction see one state.</summary>
    internal abstract ValueTask<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellation);

    /// <summary>Takes the database's lock for writing at once where it has one.</summary>
    internal abstract ValueTask<DbTransaction> BeginWriteAsync(DbConnection connection, CancellationToken cancellation);

    /// <summary>Runs the statements in order.</summary>
    /// <returns>Rows changed by all of them.</returns>
    /// <exception cref="UnappliedEventException">A statement that must change a row changed none.</exception>
    internal abstract ValueTask<int> ExecuteAsync(DbTransaction transaction, IEnumerable<ReadStatement> statements, CancellationToken cancellation);

    /// <summary>
    /// Whether this node is the one that projects: held for as long as the connection lives. Where nodes share no database it is always true.
    /// </summary>
    internal abstract ValueTask<bool> TryLeadAsync(DbConnection connection, CancellationToken cancellation);

    /// <summary>Lets another node project at once; where the connection is broken, its end does the same.</summary>
    internal virtual ValueTask StopLeadingAsync(DbConnection connection) => ValueTask.CompletedTask;

    /// <summary>Empties the tables and sets their ids back to 1.</summary>
    internal abstract IReadOnlyList<ReadStatement> Empty(IReadOnlyList<string> tables);

    /// <summary>Ends what the connection is at when the token is cancelled, where a command does not heed its own.</summary>
    internal virtual CancellationTokenRegistration InterruptWith(DbConnection connection, CancellationToken cancellation) => default;

    /// <summary>True where the failure lies in the data written, so that trying again can only fail again; false where the database is at fault.</summary>
    internal abstract bool IsOfTheData(Exception failure);

    public virtual void Dispose() => GC.SuppressFinalize(this);

    internal static async ValueTask<long> ReadOffsetAsync(DbConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT ordering FROM chat_projection WHERE name = '{Projection}'";
        return await command.ExecuteScalarAsync(cancellation) is long ordering
            ? ordering
            : throw new InvalidOperationException($"chat_projection has no row '{Projection}'");
    }

    /// <param name="times">How many of one text ran together.</param>
    private protected static void Check(ReadStatement statement, int changed, int times = 1)
    {
        if (statement.MustChange && changed < times)
        {
            throw new UnappliedEventException($"Found no row to change: {statement.Sql.AsSpan(0, Math.Min(40, statement.Sql.Length))}…");
        }
    }
}
