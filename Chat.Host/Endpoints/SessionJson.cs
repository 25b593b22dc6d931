using System.Text.Json;
using System.Text.Json.Serialization;
using Chat.Actors.Agents;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Host.Agents;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Body of <c>POST /api/chat/sessions</c>.</summary>
internal sealed record NewSession
{
    public int? AgentId { get; init; }
    public string? Title { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public string? Metadata { get; init; }

    public IReadOnlyList<NewMember> Members { get; init; } = [];
    public string? ChannelUrl { get; init; }
    public string? RoomId { get; init; }

    /// <summary>With a room id: whoever has a token may come in, as into a room that a socket makes. Without it the session is its members'.</summary>
    public bool Open { get; init; }

    public bool Joinable { get; init; }

    /// <exception cref="FieldException" />
    public static NewSession Read(JsonElement json)
    {
        var fields = new JsonFields(json);
        return new NewSession
        {
            AgentId = fields.OptionalInt("agent_id"),
            Title = fields.OptionalText("title"),
            Metadata = fields.OptionalObject("metadata"),
            Members = [.. fields.OptionalArray("members").Select(NewMember.Read)],
            ChannelUrl = fields.OptionalText("channel_url") is not { } url ? null
                : Protocol.ChannelUrl.IsWellFormed(url) ? url
                : throw new FieldException("channel_url must be 1 to 100 of A-Z, a-z, 0-9, _ and -"),
            RoomId = fields.OptionalText("room_id") is not { } room ? null
                : Protocol.SessionId.IsRoomId(room) ? room
                : throw new FieldException("room_id must be 1 to 100 characters without a slash and control characters"),
            Open = !fields.Flag("open", absent: false) ? false
                : fields.OptionalText("room_id") is not null ? true
                : throw new FieldException("open is for rooms: it needs a room_id"),
            Joinable = fields.Flag("joinable", absent: false),
        };
    }
}

/// <summary>Body of <c>PATCH /api/chat/sessions/{session_id}</c>; what is left out stays as it is.</summary>
/// <param name="Status"><c>active</c> restores an archived session.</param>
internal sealed record SessionChanges(
    string? Title, [property: JsonConverter(typeof(RawJsonConverter))] string? Metadata, string? Status)
{
    /// <exception cref="FieldException" />
    public static SessionChanges Read(JsonElement json)
    {
        var fields = new JsonFields(json);
        var status = fields.OptionalText("status");
        return status is null or "active"
            ? new SessionChanges(fields.OptionalText("title"), fields.OptionalObject("metadata"), status)
            : throw new FieldException("status must be active");
    }
}

/// <summary>One session in full.</summary>
internal sealed record SessionDetail
{
    public required string SessionId { get; init; }
    public required string TraceId { get; init; }

    /// <summary>The owner.</summary>
    public required string UserId { get; init; }

    public required int? AgentId { get; init; }
    public required AgentItem? Agent { get; init; }
    public required string? Title { get; init; }
    public required string Status { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string? Metadata { get; init; }

    public required IReadOnlyList<string> Participants { get; init; }
    public required int MessageCount { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastActivity { get; init; }
    public required long HeadSeq { get; init; }
    public required IReadOnlyList<OpenRunItem> OpenRuns { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SessionCode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChannelUrl { get; init; }

    public static SessionDetail Of(SessionView view, AgentCatalog agents) => new()
    {
        SessionId = view.SessionId.Value,
        TraceId = view.TraceId,
        UserId = view.OwnerId,
        AgentId = view.AgentId,
        Agent = view.AgentId is { } id ? AgentItem.Of(agents.Find(id)) ?? new AgentItem(id, view.AgentName ?? "", null) : null,
        Title = view.Title,
        Status = view.IsArchived ? "archived" : "active",
        Metadata = view.Metadata,
        Participants = [.. view.Members.Select(member => member.UserId)],
        MessageCount = view.MessageCount,
        CreatedAt = view.CreatedAt,
        LastActivity = view.LastActivity,
        HeadSeq = view.Head,
        OpenRuns = [.. view.OpenRuns.Select(run => new OpenRunItem(run.MessageId.Value, run.StartSeq, run.StartSeq > 0 ? "running" : "queued"))],
        SessionCode = view.SessionCode,
        ChannelUrl = view.ChannelUrl,
    };
}

/// <param name="AvatarUrl">Null where the agent has none.</param>
internal sealed record AgentItem(int Id, string Name, string? AvatarUrl)
{
    public static AgentItem? Of(IAgent? agent) => agent is null ? null : new AgentItem(agent.Id, agent.Name, agent.AvatarUrl);
}

/// <param name="StartSeq">0 while it waits.</param>
internal sealed record OpenRunItem(string MessageId, long StartSeq, string Status);

/// <summary>One session in its members' lists.</summary>
internal sealed record SessionItem
{
    public required string SessionId { get; init; }
    public required string? TraceId { get; init; }
    public required string UserId { get; init; }
    public required string? Title { get; init; }
    public required int? AgentId { get; init; }
    public required string? AgentName { get; init; }
    public required string? LastMessage { get; init; }
    public required DateTimeOffset? LastMessageAt { get; init; }
    public required int UnreadCount { get; init; }
    public required string Status { get; init; }

    [JsonConverter(typeof(RawJsonConverter))]
    public required string? Metadata { get; init; }

    public required int MessageCount { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastActivity { get; init; }
    public required long HeadSeq { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SessionCode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ChannelUrl { get; init; }

    public static SessionItem Of(SessionRow row) => new()
    {
        SessionId = row.SessionId.Value,
        TraceId = row.TraceId,
        UserId = row.OwnerId,
        Title = row.Title,
        AgentId = row.AgentId,
        AgentName = row.AgentName,
        LastMessage = row.LastMessage,
        LastMessageAt = row.LastMessageAt,
        UnreadCount = row.UnreadCount,
        Status = row.Status,
        Metadata = row.Metadata,
        MessageCount = row.MessageCount,
        CreatedAt = row.CreatedAt,
        LastActivity = row.LastActivityAt,
        HeadSeq = row.HeadSeq,
        SessionCode = row.SessionCode,
        ChannelUrl = row.ChannelUrl,
    };
}

internal sealed record SessionPage(IReadOnlyList<SessionItem> Sessions, int Total, bool HasMore);

internal sealed record SessionArchivedAnswer(string Message, string SessionId);
