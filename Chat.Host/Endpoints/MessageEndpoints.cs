using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Accepted = Chat.Protocol.Accepted;

namespace Chat.Host.Endpoints;

/// <summary><c>/api/chat/sessions/{session_id}/messages</c>.</summary>
internal static class MessageEndpoints
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static IEndpointRouteBuilder MapMessages(this IEndpointRouteBuilder routes)
    {
        var messages = routes.MapApi("/api/chat/sessions/{session_id}/messages", "Messages");
        messages.MapGet("", PageAsync)
            .WithSummary("Read a page of history, oldest first")
            .WithDescription("""
                before and after take a time, a message_id or a seq, and exclude it. With after the page is read forward, else backward from before or from the end.
                limit is 50 unless told, 200 at most.
                """);
        messages.MapPost("", PostAsync).WithBody<NewMessage>()
            .WithSummary("Send a message")
            .WithDescription("Answered when it is durable. A repeat with the same Idempotency-Key is stored once and gets the first one's answer.");
        messages.MapPatch("/{message_id}", EditAsync).WithBody<MessageChange>()
            .WithSummary("Change the text of an own message");
        messages.MapDelete("/{message_id}", DeleteAsync)
            .WithSummary("Delete an own message")
            .WithDescription("It keeps its place in history, without content.");
        messages.MapPost("/{message_id}/reactions", ReactAsync).WithBody<NewReaction>()
            .WithSummary("React to a message");
        messages.MapDelete("/{message_id}/reactions/{emoji}", UnreactAsync)
            .WithSummary("Take a reaction back");
        return routes;
    }

    private static async Task<Results<Ok<MessageList>, Refusal>> PageAsync(
        string session_id, string? limit, string? before, string? after, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var most = QueryValue.Limit(limit, DefaultLimit, MaxLimit);
        var (beforeCursor, afterCursor) = (QueryValue.Cursor("before", before), QueryValue.Cursor("after", after));
        if (await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view)
        {
            return Refusal.SessionNotFound;
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return await node.ReadModel.PageMessagesAsync(view.SessionId, beforeCursor, afterCursor, most, cancellation) is { } page
            ? TypedResults.Ok(new MessageList([.. page.Messages.Select(MessageItem.Of)], page.HasMore, page.Total))
            : new Refusal(ErrorCode.BadField, "before or after names a message that this session does not have");
    }

    private static async Task<Results<Created<MessageSent>, Refusal>> PostAsync(
        string session_id, JsonBody body, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var message = await body.ReadAsync(NewMessage.Read);
        return await node.Gateway.AskAsync(session_id, message.ToCommand(caller.ToCaller(), idempotencyKey), cancellation) switch
        {
            Accepted sent => TypedResults.Created((string?)null, new MessageSent(sent.MessageId.Value, "sent", sent.At, sent.Seq, sent.RunId?.Value)),
            Reply refused => new Refusal((Rejected)refused),
        };
    }

    private static async Task<Results<Ok<MessageItem>, Refusal>> EditAsync(
        string session_id, string message_id, JsonBody body, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var change = await body.ReadAsync(MessageChange.Read);
        var message = new MessageId(message_id);
        return await ChangeAsync(node, session_id, message, new EditMessage { Caller = caller.ToCaller(), MessageId = message, Content = change.Content }, cancellation);
    }

    private static Task<Results<Ok<MessageItem>, Refusal>> DeleteAsync(
        string session_id, string message_id, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var message = new MessageId(message_id);
        return ChangeAsync(node, session_id, message, new DeleteMessage { Caller = caller.ToCaller(), MessageId = message }, cancellation);
    }

    private static async Task<Results<Ok<ReactionList>, Refusal>> ReactAsync(
        string session_id, string message_id, JsonBody body, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var reaction = await body.ReadAsync(NewReaction.Read);
        return await ChangeReactionAsync(node, session_id, new React { Caller = caller.ToCaller(), MessageId = new MessageId(message_id), Emoji = reaction.Emoji }, cancellation);
    }

    private static Task<Results<Ok<ReactionList>, Refusal>> UnreactAsync(
        string session_id, string message_id, string emoji, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        // The one escape that the server leaves in a path.
        emoji = emoji.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return ChangeReactionAsync(node, session_id, new React { Caller = caller.ToCaller(), MessageId = new MessageId(message_id), Emoji = emoji, Remove = true }, cancellation);
    }

    /// <summary>Answers with the message as it is after the command.</summary>
    private static async Task<Results<Ok<MessageItem>, Refusal>> ChangeAsync(
        ChatNode node, string session, MessageId message, SessionCommand command, CancellationToken cancellation)
    {
        if (await AskAsync(node, session, message, command, cancellation) is { } refused)
        {
            return refused;
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return await node.ReadModel.FindMessageAsync(new SessionId(session), message, cancellation) is { } row
            ? TypedResults.Ok(MessageItem.Of(row))
            : Refusal.MessageNotFound;
    }

    private static async Task<Results<Ok<ReactionList>, Refusal>> ChangeReactionAsync(ChatNode node, string session, React command, CancellationToken cancellation)
    {
        if (await AskAsync(node, session, command.MessageId, command, cancellation) is { } refused)
        {
            return refused;
        }
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return TypedResults.Ok(new ReactionList(ReactionItem.Of(await node.ReadModel.ReactionsAsync(new SessionId(session), command.MessageId, cancellation))));
    }

    private static async ValueTask<Refusal?> AskAsync(ChatNode node, string session, MessageId message, SessionCommand command, CancellationToken cancellation) =>
        !SessionAccess.IsMessageId(message.Value) ? Refusal.MessageNotFound
        : await node.Gateway.AskAsync(session, command, cancellation) is Rejected rejected ? new Refusal(rejected)
        : null;
}
