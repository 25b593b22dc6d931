using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using static SQLitePCL.raw;

namespace Chat.Actors.Persistence;

/// <summary>
/// One native connection, used by one thread at a time. The journal goes past ADO.NET so that an append costs one bind, step and reset
/// of a kept statement, without a command's parameters and readers as garbage.
/// </summary>
internal sealed class SqliteHandle : IDisposable
{
    private readonly sqlite3 db;

    static SqliteHandle() => Batteries_V2.Init();

    private SqliteHandle(sqlite3 db) => this.db = db;

    /// <summary>Rows that the last insert, update or delete has changed.</summary>
    public int Changes => sqlite3_changes(db);

    /// <summary>Within a transaction. A failed statement may have ended it already.</summary>
    public bool InTransaction => sqlite3_get_autocommit(db) == 0;

    /// <summary>That of a connection which goes on owning it.</summary>
    public static SqliteHandle Of(SqliteConnection connection) => new(connection.Handle!);

    /// <param name="lockTimeout">How long to wait for another connection's lock.</param>
    /// <exception cref="SqliteException" />
    public static SqliteHandle Open(string path, TimeSpan lockTimeout)
    {
        SqliteFile.Create(path);
        var code = sqlite3_open_v2(path, out var db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, null);
        var handle = new SqliteHandle(db);
        try
        {
            handle.Check(code);
            handle.Check(sqlite3_extended_result_codes(db, 1));
            handle.Check(sqlite3_busy_timeout(db, (int)lockTimeout.TotalMilliseconds));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void Execute(string sql)
    {
        using var statement = Prepare(sql);
        while (statement.Step())
        {
        }
    }

    public SqliteStatement Prepare(string sql)
    {
        Check(sqlite3_prepare_v2(db, sql, out var statement));
        return new SqliteStatement(this, statement);
    }

    public void Check(int code)
    {
        if (code is not (SQLITE_OK or SQLITE_ROW or SQLITE_DONE))
        {
            throw new SqliteException($"SQLite error {code}: {sqlite3_errmsg(db).utf8_to_string()}", code & 0xff, code);
        }
    }

    public void Dispose()
    {
        sqlite3_close_v2(db);
        db.Dispose();
    }
}

/// <summary>A kept statement: bind, step, read, reset.</summary>
internal sealed class SqliteStatement(SqliteHandle handle, sqlite3_stmt statement) : IDisposable
{
    /// <returns>0 where the text has no such parameter.</returns>
    public int PlaceOf(string parameter) => sqlite3_bind_parameter_index(statement, parameter);

    public void Bind(int index, long value) => handle.Check(sqlite3_bind_int64(statement, index, value));

    public void BindNull(int index) => handle.Check(sqlite3_bind_null(statement, index));

    public void Bind(int index, string value)
    {
        if (value.Length == 0)
        {
            // No bytes at all would be null.
            handle.Check(sqlite3_bind_text(statement, index, ""));
            return;
        }
        Span<byte> buffer = stackalloc byte[512];
        if (Encoding.UTF8.TryGetBytes(value, buffer, out var length))
        {
            handle.Check(sqlite3_bind_text(statement, index, buffer[..length]));
        }
        else
        {
            handle.Check(sqlite3_bind_text(statement, index, Encoding.UTF8.GetBytes(value)));
        }
    }

    public void Bind(int index, Guid value)
    {
        Span<byte> buffer = stackalloc byte[36];
        value.TryFormat(buffer, out _);
        handle.Check(sqlite3_bind_text(statement, index, buffer));
    }

    /// <summary>The bytes are copied.</summary>
    public void Bind(int index, ReadOnlySpan<byte> value) =>
        handle.Check(value.IsEmpty ? sqlite3_bind_zeroblob(statement, index, 0) : sqlite3_bind_blob(statement, index, value));

    /// <returns>Whether there is a row to read.</returns>
    public bool Step()
    {
        var code = sqlite3_step(statement);
        handle.Check(code);
        return code == SQLITE_ROW;
    }

    /// <summary>For a statement without rows: bound, run, ready to be bound again.</summary>
    public void Run()
    {
        try
        {
            Step();
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Also ends the read transaction that the statement holds. Its code repeats the step's and says nothing new.</summary>
    public void Reset() => _ = sqlite3_reset(statement);

    public long Int64(int column) => sqlite3_column_int64(statement, column);

    public string? Text(int column) => sqlite3_column_type(statement, column) == SQLITE_NULL ? null : sqlite3_column_text(statement, column).utf8_to_string();

    /// <summary>Valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Blob(int column) => sqlite3_column_blob(statement, column);

    public void Dispose() => statement.Dispose();
}
