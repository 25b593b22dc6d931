using System.Buffers;
using System.Data.Common;
using Chat.Protocol;
using Dapper;

namespace Chat.Actors.Persistence;

/// <summary>
/// One search: asks the index for messages that have the query's terms, newest first, and looks into each for the query itself, until a page is full or enough was done.
/// </summary>
internal sealed class MessageSearch(ReadDatabase database, SearchRequest request, TimeProvider time)
{
    /// <summary>
    /// Of one page: messages and UTF-16 units that are looked at, and time. What is common among other people's sessions, or made of common pairs, such as answers of
    /// 200,000 units, ends here and goes on with the next page. 8 million units are some 30 ms.
    /// </summary>
    private const int MostCandidates = 20_000, MostUnits = 8_000_000;

    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1);

    /// <summary>Then the database is interrupted.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);

    /// <summary>Of one question to the index: it rises while little text comes back, and falls where it was much, since all of it is held at once.</summary>
    private const int FirstAtOnce = 32, LeastAtOnce = 8, MostAtOnce = 1024, LittleText = 100_000, MuchText = 1_000_000;

    private readonly string _query = SearchText.Fold(request.Query);
    private readonly List<SearchHit> _hits = [];
    private readonly long _start = time.GetTimestamp();
    private long _before;
    private int _candidates;
    private int _units;

    /// <summary>Null where the cursor names no message that the reader may read.</summary>
    /// <exception cref="JournalUnavailableException">The time was over before there was anything to answer.</exception>
    public async Task<SearchPage?> RunAsync(DbTransaction transaction, CancellationToken cancellation)
    {
        using var over = new CancellationTokenSource(Longest, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellation);
        using var interrupt = database.InterruptWith(transaction.Connection!, both.Token);
        if (await SearchQueries.OrderingOfAsync(transaction, request, both.Token) is not { } start)
        {
            return null;
        }
        _before = start;
        try
        {
            return await PageAsync(transaction, both.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or DbException && both.IsCancellationRequested)
        {
            cancellation.ThrowIfCancellationRequested();
            return _before < start ? Cut() : throw new JournalUnavailableException("The search was not done in time", e);
        }
    }

    private async Task<SearchPage> PageAsync(DbTransaction transaction, CancellationToken cancellation)
    {
        var marks = await SearchQueries.MarksAsync(transaction, request, cancellation);
        if (marks is { Length: 0 })
        {
            return new SearchPage([], null);
        }
        var terms = SearchTerms.OfQuery(_query);
        foreach (var end in database.Search.Ends(_before))
        {
            var size = FirstAtOnce;
            while (_before > end)
            {
                var arguments = new DynamicParameters();
                var found = database.Search.Find(terms, marks, end, _before, arguments);
                var units = _units;
                var candidates = await SearchQueries.FindAsync(transaction, found, arguments, request, end, _before, size, cancellation);
                foreach (var candidate in candidates)
                {
                    if (LookInto(candidate) is { } hit)
                    {
                        if (_hits.Count == request.Limit)
                        {
                            return Cut();
                        }
                        _hits.Add(hit);
                    }
                    _before = candidate.Id;
                }
                if (candidates.Count < size)
                {
                    _before = end;
                }
                if (_before > 0 && IsEnough(candidates.Count))
                {
                    return Cut();
                }
                size = (_units - units) switch
                {
                    < LittleText => Math.Min(2 * size, MostAtOnce),
                    > MuchText => Math.Max(size / 4, LeastAtOnce),
                    _ => size,
                };
            }
        }
        return new SearchPage(_hits, null);
    }

    private SearchPage Cut() => new(_hits, SearchCursor.At(_before));

    private bool IsEnough(int candidates) =>
        (_candidates += candidates) >= MostCandidates || _units >= MostUnits || time.GetElapsedTime(_start) >= Enough;

    private SearchHit? LookInto(SearchCandidate candidate) =>
        candidate.Content is null ? null
        : (LookInto(candidate.Content) ?? (candidate.FileName is { } name ? LookInto(name) : null)) is { } snippet ? candidate.ToHit(snippet)
        : null;

    private Snippet? LookInto(string text)
    {
        _units += text.Length;
        var normal = SearchText.Normal(text);
        var buffer = ArrayPool<char>.Shared.Rent(normal.Length);
        try
        {
            ReadOnlySpan<char> folded = buffer.AsSpan(0, SearchText.Fold(normal, buffer));
            var hit = folded.IndexOf(_query, StringComparison.Ordinal);
            return hit < 0 ? null : Snippet.Of(SearchText.Shown(normal), folded, _query, hit);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }
}
