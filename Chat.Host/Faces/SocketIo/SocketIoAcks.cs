using System.Text.Json;
using Chat.Host.SocketIo;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>Acknowledgements: <c>{"ok":true,...}</c> or <c>{"ok":false,"error":{code,message}}</c>.</summary>
internal static class SocketIoAcks
{
    /// <param name="fields">Written beside <c>ok</c>.</param>
    public static void AckOk(this SocketIoEvent e, Action<Utf8JsonWriter> fields)
    {
        if (e.WantsAck)
        {
            e.Ack(w =>
            {
                w.Json.WriteStartObject();
                w.Json.WriteBoolean("ok"u8, true);
                fields(w.Json);
                w.Json.WriteEndObject();
            });
        }
    }

    public static void AckError(this SocketIoEvent e, Rejected rejected)
    {
        if (e.WantsAck)
        {
            e.Ack(w =>
            {
                w.Json.WriteStartObject();
                w.Json.WriteBoolean("ok"u8, false);
                w.Json.WriteStartObject("error"u8);
                SocketReplies.WriteError(w.Json, rejected, clientMessageId: null);
                w.Json.WriteEndObject();
                w.Json.WriteEndObject();
            });
        }
    }
}
