namespace Chat.Actors.Persistence;

/// <summary>One write to the read model, in SQL that both databases understand.</summary>
/// <param name="Arguments">For <c>$1</c>, <c>$2</c> … in order.</param>
/// <param name="MustChange">An update that finds no row means that the event speaks of something that is not there.</param>
internal sealed record ReadStatement(string Sql, object?[] Arguments, bool MustChange = false);

/// <summary>A client's JSON text, verbatim, for a column of the database's JSON type.</summary>
internal sealed record JsonArgument(string Text);

/// <summary>An event that speaks of a session or a message that is not there.</summary>
internal sealed class UnappliedEventException(string message) : Exception(message);
