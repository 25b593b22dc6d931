using Chat.Actors.Persistence;
using Chat.Tests.Support;

namespace Chat.Tests.Persistence;

/// <summary>What a statement's arguments become in SQLite, which numbers parameters as they come in the text.</summary>
public sealed class SqliteReadStatementTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqliteHandle _db;

    public SqliteReadStatementTests()
    {
        _db = SqliteHandle.Open(_folder.File("read.db"), TimeSpan.FromSeconds(1));
        _db.Execute("CREATE TABLE t (a, b, c)");
    }

    public void Dispose()
    {
        _db.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("", "text", "")]
    [InlineData("\u00e9\0\ud83d\ude00", "text", "\u00e9\0\ud83d\ude00")]
    [InlineData(7, "integer", "7")]
    [InlineData(long.MaxValue, "integer", "9223372036854775807")]
    [InlineData(true, "integer", "1")]
    [InlineData(null, "null", null)]
    public void A_value_keeps_its_kind(object? value, string kind, string? read)
    {
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a) VALUES ($1)");
        Assert.Equal(1, insert.Execute([value]));
        Assert.Equal((kind, read), Only("typeof(a)", "a"));
    }

    [Fact]
    public void A_text_longer_than_a_buffer_on_the_stack_is_whole()
    {
        var text = new string('\u00e9', 10_000);
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a, b) VALUES ($1, $2)");
        insert.Execute([text, new JsonArgument("{}")]);
        Assert.Equal((text, "{}"), Only("a", "b"));
    }

    [Fact]
    public void Arguments_go_by_their_numbers_not_by_their_place_in_the_text()
    {
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a, b) VALUES ($3, $1)");
        insert.Execute(["first", "in no column", "third"]);
        Assert.Equal(("third", "first"), Only("a", "b"));
    }

    [Fact]
    public void An_argument_of_the_run_before_is_gone()
    {
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a, b) VALUES ($1, $2)");
        insert.Execute(["x", "y"]);
        _db.Execute("DELETE FROM t");
        insert.Execute(["z", null]);
        Assert.Equal(("z", null), Only("a", "b"));
    }

    [Fact]
    public void It_says_how_many_rows_it_has_changed_and_runs_again_after_a_failure()
    {
        _db.Execute("CREATE UNIQUE INDEX once ON t (a)");
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a) VALUES ($1)");
        insert.Execute([1]);
        Assert.Equal(19, Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => insert.Execute([1])).SqliteErrorCode);
        insert.Execute([2]);
        using var update = new SqliteReadStatement(_db, "UPDATE t SET b = $1");
        Assert.Equal(2, update.Execute(["x"]));
        using var delete = new SqliteReadStatement(_db, "DELETE FROM t WHERE a = $1");
        Assert.Equal(0, delete.Execute([3]));
    }

    [Fact]
    public void A_kind_that_no_column_takes_is_refused()
    {
        using var insert = new SqliteReadStatement(_db, "INSERT INTO t (a) VALUES ($1)");
        Assert.Throws<NotSupportedException>(() => insert.Execute([1.5]));
    }

    private (string? First, string? Second) Only(string first, string second)
    {
        using var select = _db.Prepare($"SELECT {first}, {second} FROM t");
        Assert.True(select.Step());
        var row = (select.Text(0), select.Text(1));
        Assert.False(select.Step());
        return row;
    }
}
