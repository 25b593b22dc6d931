using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Host.Configuration;
using Chat.Protocol;

namespace Chat.Host.Files;

/// <summary>From a request's body to a message that shows a file: read, stored, made small, posted, in this order.</summary>
internal sealed class Uploads(ChatOptions options, ChatNode node, IFileStore store, IncomingFiles incoming, Thumbnailer thumbnailer, UploadTurns turns, TimeProvider time)
{
    /// <summary>The posted file and the answer to its message, or why there is none. What the session would refuse anyway is refused before the body is read.</summary>
    /// <param name="idempotencyKey">Null or blank: each upload is a new one.</param>
    /// <exception cref="FieldException" />
    /// <exception cref="BadHttpRequestException" />
    /// <exception cref="FileStoreException" />
    /// <exception cref="Actors.Persistence.JournalUnavailableException" />
    public async Task<(Reply Reply, PostedFile? File)> TakeAsync(SessionView session, Caller caller, HttpRequest request, string? idempotencyKey, CancellationToken aborted)
    {
        idempotencyKey = string.IsNullOrWhiteSpace(idempotencyKey) ? null : idempotencyKey;
        if (Refuse(session, caller, request, idempotencyKey) is { } refused)
        {
            return (refused, null);
        }
        // An upload is a message, and is paid for before it costs anything; what comes of it pays itself.
        var fee = PostMessage.Of(new PostedFile("", "file", "", 0, "", HasThumbnail: false), null, caller, null);
        if ((turns.Enter(caller.UserId, out var turn) ?? node.RateLimiter?.Take(fee)) is { } later)
        {
            turn?.Dispose();
            return (later, null);
        }
        using (turn)
        {
            var ended = "broken";
            try
            {
                await using var form = await ReadAsync(request, aborted);
                var file = await StoreAsync(form, caller.UserId, aborted);
                node.RateLimiter?.GiveBack(fee);
                var reply = await node.Gateway.AskAsync(session.SessionId, PostMessage.Of(file, form.Message, caller, idempotencyKey), aborted);
                ended = reply is Accepted ? "stored" : "refused";
                if (reply is Accepted { Repeat: true } repeat)
                {
                    return await FirstAsync(session.SessionId, repeat, aborted);
                }
                if (reply is Accepted)
                {
                    ChatMetrics.UploadedBytes.Add(file.Size);
                }
                return (reply, file);
            }
            catch (Exception e) when (e is FieldException or BadHttpRequestException)
            {
                ended = "refused";
                throw;
            }
            finally
            {
                ChatMetrics.Uploads.Add(1, new KeyValuePair<string, object?>(ChatMetrics.Status, ended));
            }
        }
    }

    private Rejected? Refuse(SessionView session, Caller caller, HttpRequest request, string? idempotencyKey) =>
        !session.MayWrite(caller) ? new Rejected(ErrorCode.Forbidden, "Only members may write")
        : session.IsArchived ? new Rejected(ErrorCode.Archived, "The session is archived")
        : Limits.CheckText("Idempotency-Key", idempotencyKey, Limits.Name) ?? UploadForm.Check(request, options.Files);

    /// <summary>Kestrel ends what comes too slowly; this what takes too long, since a client can be slow and steady for hours.</summary>
    private async Task<UploadForm> ReadAsync(HttpRequest request, CancellationToken aborted)
    {
        using var patience = new CancellationTokenSource(options.Files.UploadTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, aborted);
        try
        {
            return await UploadForm.ReadAsync(request, incoming, options.Files, either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The upload took too long", StatusCodes.Status408RequestTimeout);
        }
    }

    private async Task<PostedFile> StoreAsync(UploadForm form, string userId, CancellationToken aborted)
    {
        // Before the store takes the upload away; where the store then fails, the thumbnail is an orphan, and swept.
        var hasThumbnail = MediaType.IsImage(form.Type) && await thumbnailer.MakeAsync(userId, form.File.Path, form.Hash, aborted);
        await store.PutAsync(BlobName.Of(form.Hash), form.File.Path, aborted);
        return new PostedFile(PostedFile.NewId(), form.Name, form.Type, form.File.Length, form.Hash, hasThumbnail);
    }

    /// <summary>A repeat is answered with the first one's file.</summary>
    private async Task<(Reply, PostedFile?)> FirstAsync(SessionId session, Accepted repeat, CancellationToken aborted)
    {
        await node.ReadModel.WaitUntilCurrentAsync(aborted);
        return await node.ReadModel.FindMessageAsync(session, repeat.MessageId, aborted) is { File: { } file }
            ? (repeat, file)
            : (new Rejected(ErrorCode.NotFound, "This Idempotency-Key was used for a message that shows no file, or is deleted"), null);
    }
}
