using System.Buffers;
using System.Text.Json;
using Chat.Host.Configuration;
using Chat.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Chat.Host.Endpoints;

/// <summary>A request's JSON body, read under the limits that every face has.</summary>
internal sealed class JsonBody(HttpContext context)
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = Limits.JsonDepth };

    /// <summary>For minimal API handlers; nothing is read by it.</summary>
    public static ValueTask<JsonBody?> BindAsync(HttpContext context) => new(new JsonBody(context));

    /// <param name="read">Takes what it needs out of the object; the element does not outlive the call.</param>
    /// <exception cref="BadHttpRequestException">Too large (413), not JSON by its type (415) or by its bytes (400).</exception>
    /// <exception cref="FieldException" />
    public async ValueTask<T> ReadAsync<T>(Func<JsonElement, T> read)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body must be application/json", StatusCodes.Status415UnsupportedMediaType);
        }
        var limit = context.RequestServices.GetRequiredService<ChatOptions>().WebSocket.MessageSizeLimit;
        // What is left of a body over the limit is not worth reading on for either.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = limit;
        }
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(context.Request.ContentLength ?? 4096, limit) + 1);
        try
        {
            var length = 0;
            while (true)
            {
                var count = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
                if (count == 0)
                {
                    break;
                }
                length += count;
                if (length > limit)
                {
                    throw new BadHttpRequestException($"A body has at most {limit} bytes", StatusCodes.Status413PayloadTooLarge);
                }
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
            using var document = Parse(buffer.AsMemory(0, length));
            return read(document.RootElement);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, Options);
        }
        catch (JsonException)
        {
            throw new BadHttpRequestException($"The body is not JSON, or deeper than {Limits.JsonDepth} levels");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }
        document.Dispose();
        throw new BadHttpRequestException("The body must be a JSON object");
    }
}
