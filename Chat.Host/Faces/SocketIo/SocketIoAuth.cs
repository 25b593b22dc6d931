using System.Text.Json;
using Chat.Host.SocketIo;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>What a client gives with its connect packet: <c>auth: {token, since}</c>.</summary>
/// <param name="Token">A member's JWT, or the token that a participant got when it joined.</param>
/// <param name="Since">The cursor from which the next join resumes.</param>
internal sealed record SocketIoAuth(string? Token, long? Since)
{
    /// <summary>Null where it can be read.</summary>
    public static ConnectRefusal? Check(JsonElement? auth)
    {
        try
        {
            Read(auth);
            return null;
        }
        catch (FieldException e)
        {
            return new ConnectRefusal(e.Message, w =>
            {
                w.WriteStartObject();
                w.WriteString("code"u8, ErrorCode.BadField.Name());
                w.WriteEndObject();
            });
        }
    }

    /// <exception cref="FieldException" />
    public static SocketIoAuth Read(JsonElement? auth) =>
        auth is { ValueKind: JsonValueKind.Object } given && new JsonFields(given) is var fields
            ? new SocketIoAuth(fields.OptionalText("token"), fields.OptionalNumber("since"))
            : new SocketIoAuth(null, null);
}
