using Chat.Protocol;

namespace Chat.Actors.Persistence;

/// <summary>A statement of the read model, prepared once for all its arguments in a batch.</summary>
internal sealed class SqliteReadStatement(SqliteHandle handle, string sql) : IDisposable
{
    private readonly SqliteStatement _statement = handle.Prepare(sql);

    /// <summary>SQLite numbers parameters as they come in the text: where <c>$1</c>, <c>$2</c> … are; 0 where the text has none.</summary>
    private int[] _places = [];

    /// <returns>Rows changed.</returns>
    public int Execute(object?[] arguments)
    {
        if (_places.Length != arguments.Length)
        {
            _places = [.. Enumerable.Range(1, arguments.Length).Select(n => _statement.PlaceOf($"${n}"))];
        }
        for (var i = 0; i < arguments.Length; i++)
        {
            if (_places[i] > 0)
            {
                Bind(_places[i], arguments[i]);
            }
        }
        _statement.Run();
        return handle.Changes;
    }

    public void Dispose() => _statement.Dispose();

    private void Bind(int place, object? argument)
    {
        switch (argument)
        {
            case null:
                _statement.BindNull(place);
                break;
            case string text:
                _statement.Bind(place, text);
                break;
            case long number:
                _statement.Bind(place, number);
                break;
            case int number:
                _statement.Bind(place, number);
                break;
            case bool flag:
                _statement.Bind(place, flag ? 1 : 0);
                break;
            case DateTimeOffset time:
                _statement.Bind(place, time.ToWire());
                break;
            case JsonArgument json:
                _statement.Bind(place, json.Text);
                break;
            default:
                throw new NotSupportedException($"No column takes a {argument.GetType()}");
        }
    }
}
