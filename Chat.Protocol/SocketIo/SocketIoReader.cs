using System.Text.Json;

namespace Chat.Protocol;

/// <summary>What a client of seed 000 asks for, from the first argument of its event. What is wrong is thrown as <see cref="FieldException"/> or returned.</summary>
public static class SocketIoReader
{
    /// <summary>Characters of a message on this face and the participants'.</summary>
    public const int LongestMessage = 500;

    private static readonly Rejected Missing = new(ErrorCode.BadField, "필수 데이터가 누락되었습니다.");
    private static readonly Rejected Empty = new(ErrorCode.EmptyMessage, "메시지가 비어있습니다.");
    private static readonly Rejected TooLong = new(ErrorCode.TooLong, $"메시지는 {LongestMessage}자를 초과할 수 없습니다.");

    public static SocketIoJoin? ReadJoin(JsonElement data, out Rejected? rejected)
    {
        var fields = FieldsOf(data);
        var (session, nickname) = (fields.OptionalText("session_id"), fields.OptionalText("nickname"));
        if (string.IsNullOrEmpty(session) || string.IsNullOrEmpty(nickname))
        {
            rejected = Missing;
            return null;
        }
        var participant = fields.OptionalText("participant_id") is { Length: > 0 } id ? id : null;
        var role = fields.OptionalText("role") ?? "participant";
        var name = Nickname.Read(nickname, out rejected);
        rejected ??= Limits.CheckText("participant_id", participant, Limits.Name)
            ?? (role is "participant" or "presenter" ? null : new Rejected(ErrorCode.BadField, "role must be participant or presenter"));
        return rejected is null ? new SocketIoJoin(new SessionId(session), participant, name!, role == "presenter") : null;
    }

    /// <param name="clientMessageId">The refused event's own id, where it had one.</param>
    public static SocketIoSend? ReadSend(JsonElement data, out Rejected? rejected, out string? clientMessageId)
    {
        var fields = FieldsOf(data);
        clientMessageId = null;
        var id = fields.OptionalText("client_message_id");
        rejected = Limits.CheckText("client_message_id", id, Limits.Name);
        if (rejected is not null)
        {
            return null;
        }
        clientMessageId = id;
        var message = (fields.OptionalText("message") ?? "").Trim();
        rejected = message.Length == 0 ? Empty
            : Limits.CheckText("message", message, LongestMessage) is { } bad ? bad.Code == ErrorCode.TooLong ? TooLong : bad
            : null;
        return rejected is null ? new SocketIoSend(message, fields.OptionalText("message_type") ?? "text", id) : null;
    }

    private static JsonFields FieldsOf(JsonElement data) =>
        data.ValueKind == JsonValueKind.Object ? new JsonFields(data) : throw new FieldException("The argument must be an object");
}

/// <param name="ParticipantId">Null for a guest who is not counted.</param>
/// <param name="Nickname">As it is stored.</param>
public sealed record SocketIoJoin(SessionId Session, string? ParticipantId, string Nickname, bool IsPresenter);

/// <param name="Message">Trimmed.</param>
public sealed record SocketIoSend(string Message, string MessageType, string? ClientMessageId);
