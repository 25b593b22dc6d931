using System.Text.Json;

namespace Chat.Protocol;

/// <summary>A client's JSON frame, on every face whose frames have a <c>type</c>: what such faces read and refuse alike.</summary>
internal static class ClientFrame
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = Limits.JsonDepth };

    /// <summary>The frame, or why it is refused. No bytes make it throw.</summary>
    /// <param name="read">Makes the request from type, fields and the frame's own id; null for an unknown type. It may throw <see cref="FieldException"/>.</param>
    /// <param name="clientMessageId">The refused frame's own id, where it had one.</param>
    public static TRequest? Read<TRequest>(
        ReadOnlyMemory<byte> bytes, Func<string?, JsonFields, string?, TRequest?> read, out Rejected? rejected, out string? clientMessageId)
        where TRequest : class
    {
        clientMessageId = null;
        rejected = null;
        try
        {
            using var document = JsonDocument.Parse(bytes, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                rejected = new Rejected(ErrorCode.BadJson, "A frame must be a JSON object");
                return null;
            }
            var fields = new JsonFields(document.RootElement);
            if (fields.OptionalText("client_message_id") is { } id)
            {
                rejected = Limits.CheckText("client_message_id", id, Limits.Name);
                if (rejected is not null)
                {
                    return null;
                }
                clientMessageId = id;
            }
            var type = fields.OptionalText("type");
            var request = read(type, fields, clientMessageId);
            rejected = request is null
                ? new Rejected(ErrorCode.UnknownType, $"Unknown message type: {Shorten(type)}")
                : null;
            return request;
        }
        catch (JsonException)
        {
            rejected = new Rejected(ErrorCode.BadJson, "The frame is not JSON, or deeper than 32 levels");
        }
        catch (FieldException e)
        {
            rejected = e.ToRejected();
        }
        return null;
    }

    /// <summary>The type goes back to the one who sent it, but not at any length.</summary>
    private static string Shorten(string? type) => type switch
    {
        null => "none",
        { Length: > 100 } => string.Concat(type.AsSpan(0, 100), "…"),
        _ => type,
    };
}
