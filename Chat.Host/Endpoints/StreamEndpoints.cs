using System.Globalization;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Host.Auth;
using Chat.Host.Connections;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Accepted = Chat.Protocol.Accepted;

namespace Chat.Host.Endpoints;

/// <param name="Status">How the answer ended.</param>
internal sealed record StreamStopped(string MessageId, string Status);

/// <summary>Agents' answers as server-sent events: <c>.../messages/stream</c> and <c>.../streams/{message_id}</c>.</summary>
internal static class StreamEndpoints
{
    /// <summary>Agent that answers <c>/messages/stream</c> in a session that has none.</summary>
    private const int DefaultAgent = 1;

    private static readonly Refusal NoStream = new(ErrorCode.NotFound, "No such answer");
    private static readonly Refusal UnknownEvent = new(ErrorCode.NotFound, "Last-Event-ID names no event of an answer here");

    public static IEndpointRouteBuilder MapStreams(this IEndpointRouteBuilder routes)
    {
        var streams = routes.MapApi("/api/chat/sessions/{session_id}", "Streams");
        streams.MapPost("/messages/stream", PostAsync).AddEndpointFilter<StreamRoom>().WithBody<NewMessage>().WithStream()
            .WithSummary("Send a message and follow the agent's answer")
            .WithDescription("""
                Events are stream_start, stream_chunk and stream_end, each with an id; the response ends after stream_end. Closing it does not stop the agent. With Last-Event-ID
                the body is ignored and the answer goes on after that event; 204 where nothing follows it. A repeat with the same Idempotency-Key gets the same answer from its start.
                Where nobody here answers (an agent's own message, or an agent that streams through its own socket) nothing is stored: 409 NOT_ANSWERED.
                """);
        streams.MapGet("/streams/{message_id}", FollowAsync).RequireIdentity(CredentialPlaces.Download).AddEndpointFilter<StreamRoom>().WithStream()
            .WithSummary("Follow an answer from its start, or after Last-Event-ID")
            .WithDescription("Also after its end. Takes ?ticket= in place of the header. 204 where nothing follows Last-Event-ID, which also tells an EventSource not to come back.");
        streams.MapPost("/streams/{message_id}/stop", StopAsync)
            .WithSummary("Stop an answer that is being written or waits")
            .WithDescription("One that has ended stays as it is; the status says how it ended.");
        return routes;
    }

    private static async Task<Results<EventStream, NoContent, Refusal>> PostAsync(
        string session_id, JsonBody body, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey,
        Identity caller, ChatNode node, AgentCatalog agents, CancellationToken cancellation)
    {
        if (!string.IsNullOrEmpty(lastEventId))
        {
            return await ResumeAsync(session_id, run: null, lastEventId, caller, node, cancellation);
        }
        var message = await body.ReadAsync(NewMessage.Read);
        if (await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view)
        {
            return Refusal.SessionNotFound;
        }
        var agent = agents.Find(view.AgentId ?? DefaultAgent);
        if (caller.IsAgent || agent is { AnswersItself: true } || agent is null && view.AgentId is null)
        {
            return NotAnswered(agent is { AnswersItself: true } ? $"Agent {agent.Id} answers through its own socket" : "No agent answers this message");
        }
        var command = message.ToCommand(caller.ToCaller(), idempotencyKey) with { AnswerBy = agent is null ? null : new AnsweringAgent(agent.Id, agent.Name) };
        return await node.Gateway.AskAsync(session_id, command, cancellation) switch
        {
            Accepted { RunId: { } run } sent => new EventStream(node, view.SessionId, run, caller, since: sent.Seq),
            // The repeat of a send that was made another way, before the session could answer it.
            Accepted => NotAnswered("The message was sent before without an answer"),
            Reply refused => new Refusal((Rejected)refused),
        };
    }

    private static async Task<Results<EventStream, NoContent, Refusal>> FollowAsync(
        string session_id, string message_id, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        var run = new MessageId(message_id);
        if (!SessionAccess.IsMessageId(message_id))
        {
            return NoStream;
        }
        if (!string.IsNullOrEmpty(lastEventId))
        {
            return await ResumeAsync(session_id, run, lastEventId, caller, node, cancellation);
        }
        return await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view ? Refusal.SessionNotFound
            : await node.BeforeRunAsync(view, run, cancellation) is { } since ? new EventStream(node, view.SessionId, run, caller, since)
            : NoStream;
    }

    /// <param name="run">The answer that the event must be of; null for whichever it is of.</param>
    private static async Task<Results<EventStream, NoContent, Refusal>> ResumeAsync(
        string session, MessageId? run, string lastEventId, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        if (!long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
        {
            throw new FieldException("Last-Event-ID must be the id of an event");
        }
        if (await node.Gateway.FindAsync(session, caller, cancellation) is not { } view)
        {
            return Refusal.SessionNotFound;
        }
        if (await node.Journal.RunAtAsync(view.SessionId, seq, cancellation) is not var (found, isEnd) || found != (run ?? found))
        {
            return UnknownEvent;
        }
        return isEnd ? TypedResults.NoContent()
            : await node.HasRunAsync(view, found, cancellation) ? new EventStream(node, view.SessionId, found, caller, seq)
            : NoStream;
    }

    private static async Task<Results<Ok<StreamStopped>, Refusal>> StopAsync(
        string session_id, string message_id, Identity caller, ChatNode node, CancellationToken cancellation)
    {
        if (!SessionAccess.IsMessageId(message_id))
        {
            return NoStream;
        }
        var command = new StopRun { Caller = caller.ToCaller(), MessageId = new MessageId(message_id) };
        return await node.Gateway.AskAsync(session_id, command, cancellation) switch
        {
            Accepted stopped => TypedResults.Ok(new StreamStopped(message_id, stopped.Status ?? StreamStatus.Stopped)),
            Reply refused => new Refusal((Rejected)refused),
        };
    }

    private static Refusal NotAnswered(string detail) => new("NOT_ANSWERED", StatusCodes.Status409Conflict, detail);

    private static RouteHandlerBuilder WithStream(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<string>(StatusCodes.Status200OK, EventStream.ContentType);

    /// <summary>A stream is a connection as a socket is, and there is room for so many. Asked for before anything is stored.</summary>
    private sealed class StreamRoom(ConnectionRegistry registry) : IEndpointFilter
    {
        private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

        public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
        {
            if (!registry.TryEnter())
            {
                return new(new Refusal("OVERLOADED", StatusCodes.Status503ServiceUnavailable, "No more connections are taken now", RetryAfter));
            }
            context.HttpContext.Response.OnCompleted(() =>
            {
                registry.Leave();
                return Task.CompletedTask;
            });
            return next(context);
        }
    }
}
