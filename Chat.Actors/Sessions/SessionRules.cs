using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>Creation, title, archive and membership.</summary>
internal static class SessionRules
{
    private static readonly Decision OwnerOnly = Decision.Reject(ErrorCode.Forbidden, "Only the owner or an admin may do this");

    private static readonly Decision TooMany = Decision.Reject(ErrorCode.TooManyMembers, $"A session has at most {Limits.Members} members");

    private static readonly Decision RoomTaken = Decision.Reject(ErrorCode.NameTaken, "room_id is taken");

    /// <summary>Texts of seed 000.</summary>
    private static readonly Decision Closed = Decision.Reject(ErrorCode.NotFound, "세션을 찾을 수 없거나 비활성 상태입니다.");

    private static readonly Decision NicknameTaken = Decision.Reject(ErrorCode.NameTaken, "이미 사용중인 닉네임입니다.");

    public static Decision Create(SessionState state, CreateSession c, DateTimeOffset now)
    {
        var caller = c.Caller;
        if (!state.Exists)
        {
            var created = new SessionCreated
            {
                At = now,
                SessionId = c.SessionId,
                TraceId = c.TraceId,
                UserId = caller.UserId,
                UserName = caller.Name,
                AgentId = c.AgentId,
                AgentName = c.AgentName,
                AgentExternal = c.AgentExternal,
                Title = c.Title,
                Metadata = c.Metadata,
                Members = c.Members,
                ChannelUrl = c.ChannelUrl,
                SessionCode = c.SessionCode,
                Open = c.Open,
            };
            return Decision.Of(state, created);
        }
        return c.OnlyNew && state.Created.TraceId != c.TraceId ? RoomTaken
            : state.MayRead(caller) ? Decision.Unchanged(state)
            : c.Open && state.Created.Open ? AddMember(state, new Member(caller.UserId, caller.Name), caller.UserId, now)
            : Decision.NotFound;
    }

    public static Decision Update(SessionState state, UpdateSession c, DateTimeOffset now)
    {
        if (!state.MayManage(c.Caller))
        {
            return OwnerOnly;
        }
        var by = c.Caller.UserId;
        var events = new List<SessionEvent>();
        if (c.Restore && state.IsArchived)
        {
            events.Add(new SessionRestored { At = now, By = by });
        }
        else if (state.IsArchived)
        {
            return Decision.Reject(ErrorCode.Archived, "The session is archived");
        }
        if (c.Title is not null && c.Title != state.Title)
        {
            events.Add(new TitleChanged { At = now, Title = c.Title, By = by });
        }
        if (c.Metadata is not null && c.Metadata != state.Metadata)
        {
            events.Add(new MetadataChanged { At = now, Metadata = c.Metadata, By = by });
        }
        return events.Count == 0 ? Decision.Unchanged(state) : Decision.Of(state, new Accepted { Seq = 0, At = now }, events);
    }

    public static Decision Archive(SessionState state, Caller caller, DateTimeOffset now)
    {
        if (!state.MayManage(caller))
        {
            return OwnerOnly;
        }
        if (state.IsArchived)
        {
            return Decision.Unchanged(state);
        }
        // Answers end first: an archived session takes no more chunks.
        List<SessionEvent> events = [.. state.Runs.SelectMany(run => RunRules.StopEvents(run, now)), new SessionArchived { At = now, By = caller.UserId }];
        return Decision.Of(state, new Accepted { Seq = 0, At = now }, events);
    }

    public static Decision Join(SessionState state, JoinSession c, DateTimeOffset now)
    {
        var known = state.Members.GetValueOrDefault(c.ParticipantId);
        return known switch
        {
            _ when state.IsArchived => Closed,
            { IsParticipant: true } when known.Name == c.Nickname => Decision.Unchanged(state),
            // A member of another kind stays what it is, and is known by its own name.
            { IsParticipant: false } => Decision.Unchanged(state),
            _ when !c.AnyName && state.IsNicknameTaken(c.Nickname) => NicknameTaken,
            null when state.Members.Count >= Limits.Members => TooMany,
            _ => Decision.Of(state, new ParticipantJoined { At = now, ParticipantId = c.ParticipantId, Nickname = c.Nickname }),
        };
    }

    public static Decision Add(SessionState state, AddMember c, DateTimeOffset now) =>
        state.MayManage(c.Caller) ? AddMember(state, c.Member, c.Caller.UserId, now) : OwnerOnly;

    public static Decision Remove(SessionState state, RemoveMember c, DateTimeOffset now)
    {
        if (!state.MayManage(c.Caller) && c.UserId != c.Caller.UserId)
        {
            return OwnerOnly;
        }
        if (c.UserId == state.Created.UserId)
        {
            return Decision.Reject(ErrorCode.Forbidden, "The owner cannot be removed");
        }
        return state.Members.ContainsKey(c.UserId)
            ? Decision.Of(state, new MemberRemoved { At = now, UserId = c.UserId, By = c.Caller.UserId })
            : Decision.Reject(ErrorCode.NotFound, "Member not found");
    }

    private static Decision AddMember(SessionState state, Member member, string by, DateTimeOffset now) => state switch
    {
        { IsArchived: true } => Decision.Reject(ErrorCode.Archived, "The session is archived"),
        _ when state.Members.ContainsKey(member.UserId) => Decision.Unchanged(state),
        { Members.Count: >= Limits.Members } => TooMany,
        _ => Decision.Of(state, new MemberAdded { At = now, Member = member, By = by }),
    };
}
