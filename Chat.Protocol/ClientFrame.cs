using System.Text.Json;

namespace Chat.Protocol;

/// <summary>A client's JSON frame: what all faces read and refuse alike.</summary>
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
        string? id = null;
        var request = ReadObject(
            bytes,
            fields =>
            {
                id = Checked("client_message_id", fields.OptionalText("client_message_id"));
                var type = fields.OptionalText("type");
                return read(type, fields, id) ?? throw new FieldException($"Unknown message type: {Shorten(type)}", ErrorCode.UnknownType);
            },
            out rejected);
        clientMessageId = id;
        return request;
    }

    /// <summary>For a face whose frames have no <c>type</c>: an object, or why the frame is refused. No bytes make it throw.</summary>
    /// <param name="read">It may throw <see cref="FieldException"/>.</param>
    public static TRequest? ReadObject<TRequest>(ReadOnlyMemory<byte> bytes, Func<JsonFields, TRequest> read, out Rejected? rejected)
        where TRequest : class
    {
        rejected = null;
        try
        {
            using var document = JsonDocument.Parse(bytes, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return read(new JsonFields(document.RootElement));
            }
            rejected = new Rejected(ErrorCode.BadJson, "A frame must be a JSON object");
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

    /// <summary>An id or a name, where there is one.</summary>
    /// <exception cref="FieldException" />
    public static string? Checked(string field, string? text) =>
        Limits.CheckText(field, text, Limits.Name) is { } bad ? throw new FieldException(bad.Text, bad.Code) : text;

    /// <summary>The type goes back to the one who sent it, but not at any length.</summary>
    private static string Shorten(string? type) => type switch
    {
        null => "none",
        { Length: > 100 } => string.Concat(type.AsSpan(0, 100), "…"),
        _ => type,
    };
}
