using Chat.Host.SocketIo;
using Chat.Protocol;

namespace Chat.Host.Faces.SocketIo;

/// <summary>One client: what it asks for, and the session it is in, one at a time. Called by one task at a time.</summary>
internal sealed class SocketIoClient(SocketIoSocket socket, SocketIoAuth auth, SocketIoDoor door, SocketIoServices services)
{
    /// <summary>Texts of seed 000.</summary>
    public static readonly Rejected NotStored = new(ErrorCode.StorageUnavailable, "메시지 전송에 실패했습니다.", TimeSpan.FromSeconds(1));

    private static readonly Rejected NotJoined = new(ErrorCode.NotJoined, "세션에 참여하지 않았습니다.");

    private const int HistoryLength = 50;

    private SocketIoVisit? _visit;

    /// <summary>For the next join only.</summary>
    private long? _since = auth.Since;

    /// <summary>False where it was refused: then it stays in the session it was in.</summary>
    public async ValueTask<bool> JoinAsync(SocketIoEvent e)
    {
        if (SocketIoReader.ReadJoin(FirstOf(e), out var refused) is not { } join)
        {
            Refuse(e, refused!);
            return false;
        }
        (var entrance, refused) = await door.AdmitAsync(join, auth.Token, CancellationToken.None);
        if (entrance is null)
        {
            Refuse(e, refused!);
            return false;
        }
        await LeaveAsync();
        _visit = await SocketIoVisit.BeginAsync(socket, services, entrance with { Since = _since }, join.IsPresenter, e);
        if (_visit is null)
        {
            Refuse(e, new Rejected(ErrorCode.NotFound, "Session not found"));
            return false;
        }
        _since = null;
        return true;
    }

    public ValueTask SendAsync(SocketIoEvent e)
    {
        if (_visit is null)
        {
            Refuse(e, NotJoined);
            return default;
        }
        if (SocketIoReader.ReadSend(FirstOf(e), out var refused, out var clientMessageId) is { } send)
        {
            return _visit.PostAsync(send, e);
        }
        Refuse(e, refused!, clientMessageId);
        return default;
    }

    public async ValueTask ShowHistoryAsync(SocketIoEvent e)
    {
        if (_visit is null)
        {
            // Seed 000 says nothing here.
            Acknowledge(e, NotJoined);
            return;
        }
        await services.ReadModel.WaitUntilCurrentAsync();
        var page = await services.ReadModel.PageMessagesAsync(_visit.Session, before: null, after: null, HistoryLength);
        socket.Emit("chat_history", w =>
        {
            w.Json.WriteStartObject();
            w.Json.WriteStartArray("messages"u8);
            foreach (var row in page?.Messages ?? [])
            {
                SocketIoHistory.Write(w.Json, row);
            }
            w.Json.WriteEndArray();
            w.Json.WriteEndObject();
        });
        e.AckOk(static _ => { });
    }

    /// <summary>Refreshes when this person was last seen.</summary>
    public ValueTask NoteActivity(SocketIoEvent e)
    {
        if (_visit is null)
        {
            Acknowledge(e, NotJoined);
            return default;
        }
        services.Common.Hubs.LastSeen.Set(_visit.Session, _visit.UserId, services.Common.Time.GetUtcNow());
        e.AckOk(static _ => { });
        return default;
    }

    /// <summary>Leaves the session that it is in, if any.</summary>
    public async ValueTask LeaveAsync()
    {
        if (_visit is { } visit)
        {
            _visit = null;
            await visit.DisposeAsync();
        }
    }

    /// <summary>Says no as seed 000 does, by an event, and to a client that asked for an acknowledgement also by that.</summary>
    public void Refuse(SocketIoEvent e, Rejected rejected, string? clientMessageId = null)
    {
        socket.Send(SocketIoFrames.Error(rejected, clientMessageId));
        Acknowledge(e, rejected);
    }

    private static void Acknowledge(SocketIoEvent e, Rejected rejected) => e.AckError(rejected);

    private static System.Text.Json.JsonElement FirstOf(SocketIoEvent e) => e.Arguments.Count > 0 ? e.Arguments[0] : default;
}
