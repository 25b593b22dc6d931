using Chat.Actors.Persistence;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Chat.Host.Endpoints;

/// <summary><c>/api/chat/search</c>.</summary>
internal static class SearchEndpoints
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    public static IEndpointRouteBuilder MapSearch(this IEndpointRouteBuilder routes)
    {
        routes.MapApi("/api/chat/search", "Messages").MapGet("", SearchAsync)
            .WithSummary("Search messages, newest first")
            .WithDescription("""
                q is 2 to 100 characters that stand in the message, or in the name of its file, just so: spaces and punctuation too, but whatever the case; a run of white
                space is one space. Searched are the caller's sessions, archived ones too, and an admin's are all; with session_id that one. limit is 20 unless told, 100 at
                most. has_more says that there may be older ones: ask again with before, which takes next of the answer or a message_id. A page may hold fewer than limit
                before the last one. snippet is text; parts are the same text, cut where a hit begins and ends.
                """);
        return routes;
    }

    private static async Task<Results<Ok<SearchList>, Refusal>> SearchAsync(
        string? q, string? session_id, string? limit, string? before, Identity caller, ChatNode node, SearchTurns turns, CancellationToken cancellation)
    {
        if (SearchRequest.Check(q) is { } bad)
        {
            return new Refusal(bad);
        }
        var request = new SearchRequest
        {
            Query = q!,
            UserId = caller.IsAdmin ? null : caller.UserId,
            Limit = QueryValue.Limit(limit, DefaultLimit, MaxLimit),
            Before = Cursor(before),
        };
        if (session_id is not null)
        {
            if (await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view)
            {
                return Refusal.SessionNotFound;
            }
            request = request with { Session = view.SessionId };
        }
        using var turn = await turns.TakeAsync(caller.UserId, cancellation);
        if (turn is null)
        {
            return new Refusal(ErrorCode.RateLimit, "Too many searches at once");
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return await node.ReadModel.SearchAsync(request, cancellation) is { } page
            ? TypedResults.Ok(new SearchList([.. page.Hits.Select(SearchItem.Of)], page.Next is not null, page.Next?.ToString()))
            : new Refusal(ErrorCode.BadField, "before names a message that is not there");
    }

    private static SearchCursor? Cursor(string? text) =>
        text is null ? null
        : SearchCursor.TryParse(text, out var cursor) ? cursor
        : throw new FieldException("before must be a message_id or the next of an earlier answer");
}
