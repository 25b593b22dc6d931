using Chat.Tests.Contracts;

namespace Chat.Tests.Persistence;

/// <summary>The contracts of the read model over SQLite.</summary>
public static class SqliteReadModelTests
{
    public sealed class Messages() : ReadModelMessagesContract(new SqliteReadModelStore());

    public sealed class Sessions() : ReadModelSessionsContract(new SqliteReadModelStore());

    public sealed class Paging() : ReadModelPagingContract(new SqliteReadModelStore());

    public sealed class Projection() : ReadModelProjectionContract(new SqliteReadModelStore());

    public sealed class Rebuild() : ReadModelRebuildContract(new SqliteReadModelStore());

    public sealed class OverJournal() : ReadModelOverJournalContract(new SqliteReadModelStore());

    public sealed class Files() : ReadModelFilesContract(new SqliteReadModelStore());

    public sealed class Search() : ReadModelSearchContract(new SqliteReadModelStore());

    public sealed class Markers() : ReadModelMarkersContract(new SqliteReadModelStore());

    public sealed class Lists() : ReadModelListsContract(new SqliteReadModelStore());
}
