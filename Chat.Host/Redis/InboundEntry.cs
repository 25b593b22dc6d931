using Chat.Actors.Sessions;
using Chat.Host.Auth;
using Chat.Protocol;

namespace Chat.Host.Redis;

/// <summary>One entry of <c>chat:inbound</c>.</summary>
/// <param name="Fields">Names and values in turn, as they were added.</param>
internal sealed record InboundEntry(string Id, string[] Fields)
{
    public string SessionId => Field("session_id") ?? "";

    private string SenderId => Field("sender_id") ?? "";

    private string SenderType => Field("sender_type") ?? "user";

    /// <summary>What is wrong with the entry itself; null lets the session decide.</summary>
    public Rejected? Check() =>
        !Protocol.SessionId.IsWellFormed(SessionId) ? new Rejected(ErrorCode.BadField, "session_id is missing or no id of a session")
        : !Identity.IsUserId(SenderId) ? new Rejected(ErrorCode.BadField, "sender_id is missing or no id of a user")
        : SenderType is not ("user" or "agent") ? new Rejected(ErrorCode.BadField, "sender_type must be user or agent")
        : Field("content") is null ? new Rejected(ErrorCode.BadField, "content is missing")
        : null;

    /// <summary>Without a client id of its own the entry's makes one, so that it is stored once however often it is read.</summary>
    /// <param name="view">Where its sender has a name.</param>
    public PostMessage CommandFor(SessionView? view) => new()
    {
        Caller = new Caller(SenderId, view?.Members.FirstOrDefault(member => member.UserId == SenderId)?.Name ?? SenderId, IsAgent: SenderType == "agent"),
        MessageId = MessageId.New(),
        RunId = MessageId.New(),
        Content = Field("content")!,
        ClientMessageId = Field("client_message_id") is { Length: > 0 } own ? own : "inbound-" + Id,
    };

    private string? Field(string name)
    {
        for (var i = 0; i + 1 < Fields.Length; i += 2)
        {
            if (Fields[i] == name)
            {
                return Fields[i + 1];
            }
        }
        return null;
    }
}
