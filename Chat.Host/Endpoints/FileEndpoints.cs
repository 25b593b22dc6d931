using Chat.Actors.Persistence;
using Chat.Host.Auth;
using Chat.Host.Files;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Accepted = Chat.Protocol.Accepted;

namespace Chat.Host.Endpoints;

/// <summary><c>/api/chat/sessions/{session_id}/files</c> and <c>/files/{file_id}</c>.</summary>
internal static class FileEndpoints
{
    /// <summary>An image of a stranger's that is opened as a page of its own is a page without rights.</summary>
    private const string Policy = "sandbox; default-src 'none'";

    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public static IEndpointRouteBuilder MapFiles(this IEndpointRouteBuilder routes)
    {
        routes.MapApi("/api/chat/sessions/{session_id}/files", "Files").MapPost("", UploadAsync)
            .WithSummary("Upload a file, which posts a message of type file")
            .WithDescription("""
                multipart/form-data with one file, and a message if there is something to say with it. The type is judged from the bytes. Answered when file and message are durable.
                A repeat with the same Idempotency-Key is stored once and gets the first one's answer.
                """)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = new Dictionary<string, OpenApiMediaType> { ["multipart/form-data"] = new OpenApiMediaType { Schema = FormSchema() } },
                };
                return Task.CompletedTask;
            });
        var files = routes.MapApi("/files/{file_id}", "Files");
        files.MapMethods("", Reading, DownloadAsync).RequireIdentity(CredentialPlaces.Download, orParticipant: true)
            .WithSummary("Read a file")
            .WithDescription("By members of its session, with a token or a ticket; by participants with participant_id and token in the address. Images are shown where they stand, unless download=1; everything else is saved. Takes one range.");
        files.MapMethods("/thumb", Reading, ThumbnailAsync).RequireIdentity(CredentialPlaces.Download, orParticipant: true)
            .WithSummary("Read an image's thumbnail, a JPEG");
        return routes;
    }

    private static async Task<Results<Created<FileUploaded>, Refusal>> UploadAsync(
        string session_id, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, Identity caller, HttpRequest request, ChatNode node, Uploads uploads, CancellationToken cancellation)
    {
        if (await node.Gateway.FindAsync(session_id, caller, cancellation) is not { } view)
        {
            return Refusal.SessionNotFound;
        }
        return await uploads.TakeAsync(view, caller.ToCaller(), request, idempotencyKey, cancellation) switch
        {
            (Accepted sent, { } file) => TypedResults.Created(file.Url, FileUploaded.Of(file, sent)),
            var (reply, _) => new Refusal((Rejected)reply),
        };
    }

    private static async Task<Results<FileStreamHttpResult, Refusal>> DownloadAsync(
        string file_id, string? download, HttpContext context, ChatNode node, ParticipantProof proof, IFileStore store, CancellationToken cancellation)
    {
        if (await FindAsync(node, file_id, context, proof) is not { } file || await store.OpenAsync(BlobName.Of(file.Hash), cancellation) is not { } blob)
        {
            return Refusal.FileNotFound;
        }
        Describe(context.Response, FileName.ToSave(file.Name, file.Type), inline: MediaType.IsImage(file.Type) && download != "1");
        return Send(blob, MediaType.Header(file.Type), file.Hash);
    }

    private static async Task<Results<FileStreamHttpResult, Refusal>> ThumbnailAsync(
        string file_id, HttpContext context, ChatNode node, ParticipantProof proof, IFileStore store, CancellationToken cancellation)
    {
        if (await FindAsync(node, file_id, context, proof) is not { HasThumbnail: true } file
            || await store.OpenAsync(BlobName.Of(file.Hash, thumbnail: true), cancellation) is not { } blob)
        {
            return Refusal.FileNotFound;
        }
        Describe(context.Response, FileName.ToSave(file.Name, Thumbnailer.Type), inline: true);
        return Send(blob, Thumbnailer.Type, file.Hash + "-thumb");
    }

    /// <summary>Null also where the caller may not read the session, or no message shows the file any more.</summary>
    private static async ValueTask<PostedFile?> FindAsync(ChatNode node, string fileId, HttpContext context, ParticipantProof proof)
    {
        if (!PostedFile.IsId(fileId))
        {
            return null;
        }
        var cancellation = context.RequestAborted;
        await node.ReadModel.WaitUntilCurrentAsync(cancellation);
        return await node.ReadModel.FindFileAsync(fileId, cancellation) is { } row && await MayReadAsync(node, row.Session, context, proof) ? row.File : null;
    }

    private static async ValueTask<bool> MayReadAsync(ChatNode node, SessionId session, HttpContext context, ParticipantProof proof)
    {
        if (context.Features.Get<Identity>() is { } caller)
        {
            return await node.Gateway.FindAsync(session.Value, caller, context.RequestAborted) is not null;
        }
        // Without an identity only one who names a participant comes here. It was issued in this spelling.
        return Guid.TryParse(context.Request.Query[RequestIdentity.ParticipantId], out var id)
            && QueryCredentials.Of(context) is { IsAmbiguous: false } query && proof.Verify(session, id.ToString(), query.Token)
            && (await node.Gateway.ReadAsync(session, context.RequestAborted))?.Members.Any(member => member.IsParticipant && member.UserId == id.ToString()) == true;
    }

    private static void Describe(HttpResponse response, string name, bool inline)
    {
        var disposition = new ContentDispositionHeaderValue(inline ? "inline" : "attachment");
        disposition.SetHttpFileName(name);
        var headers = response.Headers;
        headers.ContentDisposition = disposition.ToString();
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        // The bytes never change, but who may have them does: kept by the browser, and asked for each time whether it still may show them (304).
        headers.CacheControl = "private, no-cache";
    }

    private static FileStreamHttpResult Send(Blob blob, string type, string tag) =>
        TypedResults.Stream(blob.Content, type, fileDownloadName: null, blob.WrittenAt, new EntityTagHeaderValue($"\"{tag}\""), enableRangeProcessing: true);

    private static OpenApiSchema FormSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "file" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["file"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" },
            ["message"] = new OpenApiSchema { Type = JsonSchemaType.String },
        },
    };
}
