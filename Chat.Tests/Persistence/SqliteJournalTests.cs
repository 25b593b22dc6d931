using Chat.Actors.Persistence;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Persistence;

public sealed class SqliteJournalTests : JournalContract, IDisposable
{
    private readonly TempFolder folder = new();

    private string File => folder.File("store/journal.db");

    public override Task InitializeAsync() => Migrations.ForSqlite(File, TimeProvider.System).UpAsync("journal");

    // After DisposeAsync, which closes the journals.
    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_file_and_its_companions_are_for_their_owner_alone()
    {
        await Open().AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var file in Directory.GetFiles(folder.File("store")))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(file));
        }
        Assert.Equal(3, Directory.GetFiles(folder.File("store")).Length);
    }

    [Fact]
    public async Task A_file_locked_by_another_process_for_too_long_fails_the_group_and_no_later_one()
    {
        var journal = Open(new JournalOptions { AppendTimeout = TimeSpan.FromSeconds(2) });
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        var chain = new AppendChain("sess_a");
        await using (var other = Connect())
        {
            await using var transaction = other.BeginTransaction(deferred: false);
            var append = journal.AppendAsync(chain, 1, Events.Posted(1)).AsTask();
            await Assert.ThrowsAsync<JournalUnavailableException>(() => append.WaitAsync(Patience));
            Assert.True(chain.IsBroken);
            // Readers do not mind.
            Assert.Equal(1, await journal.ReadHeadAsync("sess_a", None));
        }

        Assert.Equal(AppendResult.Broken, await journal.AppendAsync(chain, 1, Events.Posted(1)));
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_b"), 0, Events.Posted(1)));
    }

    [Fact]
    public async Task A_full_disk_fails_the_group_whole_and_no_later_one_that_fits()
    {
        var journal = Open(new JournalOptions { MaxFileBytes = 400_000 });
        await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(1));
        var chain = new AppendChain("sess_a");

        var small = journal.AppendAsync(chain, 1, Events.Posted(1)).AsTask();
        await small.WaitAsync(Patience);
        var large = journal.AppendAsync(chain, 2, Enumerable.Repeat(Events.Posted(new string('x', 20_000)), 40).ToList()).AsTask();
        var follower = journal.AppendAsync(chain, 42, Events.Posted(1)).AsTask();

        var full = await Assert.ThrowsAsync<JournalUnavailableException>(() => large.WaitAsync(Patience));
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.True(chain.IsBroken);
        // Gathered into the same group it fails with it; into the next, it is not tried.
        if (await Record.ExceptionAsync(() => follower.WaitAsync(Patience)) is not JournalUnavailableException)
        {
            Assert.Equal(AppendResult.Broken, await follower);
        }
        Assert.Equal(2, await journal.ReadHeadAsync("sess_a", None));
        Assert.Equal(AppendResult.Committed, await journal.AppendAsync(new AppendChain("sess_a"), 2, Events.Posted(1)));
    }

    [Fact]
    public void A_file_without_tables_is_refused_at_once()
    {
        Assert.Throws<JournalUnavailableException>(() => SqliteJournal.Open(folder.File("other.db"), TimeProvider.System));
        System.IO.File.WriteAllText(folder.File("text.db"), string.Concat(Enumerable.Repeat("this is no database. ", 100)));
        Assert.Throws<JournalUnavailableException>(() => SqliteJournal.Open(folder.File("text.db"), TimeProvider.System));
    }

    [Fact]
    public async Task What_was_acknowledged_stands_in_the_file_when_it_is_opened_again()
    {
        await using (var journal = Open())
        {
            await journal.AppendAsync(new AppendChain("sess_a"), 0, Events.Posted(5));
        }
        var again = Open();
        Assert.Equal(5, await again.ReadHeadAsync("sess_a", None));
        Assert.Equal(AppendResult.Committed, await again.AppendAsync(new AppendChain("sess_a"), 5, Events.Posted(1)));
    }

    protected override IJournal OpenJournal(JournalOptions options) => SqliteJournal.Open(File, TimeProvider.System, options);

    protected override async Task InsertAsync(string log, long seq, string manifest, byte[] message)
    {
        await using var connection = Connect();
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO journal (deleted, persistence_id, sequence_number, created, message, manifest)
            VALUES (0, @log, @seq, 0, @message, @manifest)
            """;
        command.Parameters.AddWithValue("@log", log);
        command.Parameters.AddWithValue("@seq", seq);
        command.Parameters.AddWithValue("@message", message);
        command.Parameters.AddWithValue("@manifest", manifest);
        await command.ExecuteNonQueryAsync();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        return connection;
    }
}
