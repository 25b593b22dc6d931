using Chat.Protocol;

namespace Chat.Tests.Contracts;

/// <summary>What happened in some sessions, told into a log one millisecond after another.</summary>
internal sealed class Story(MemoryLog log)
{
    public const string Start = "2026-03-01T09:00:00.000Z";

    private int _messages;

    public DateTimeOffset Now { get; set; } = DateTimeOffset.Parse(Start, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How far the clock goes on before each event.</summary>
    public TimeSpan Step { get; set; } = TimeSpan.FromMilliseconds(1);

    public SessionId Create(string session, string owner = "ann", int? agent = null, string? channel = null, string? metadata = null, params string[] members)
    {
        Tell(session, new SessionCreated
        {
            At = Tick(),
            SessionId = new(session),
            TraceId = $"trace_{session[..Math.Min(session.Length, 90)]}",
            UserId = owner,
            UserName = owner,
            AgentId = agent,
            AgentName = agent is null ? null : $"Agent {agent}",
            Title = $"Title of {session}",
            Metadata = metadata,
            ChannelUrl = channel,
            Members = [.. members.Select(member => new Member(member, member))],
        });
        return new(session);
    }

    public MessageId Post(
        SessionId session, string content, string sender = "ann", string? id = null, string type = "text", string? metadata = null, string senderType = "user", MessageId? replyTo = null)
    {
        var message = new MessageId(id ?? $"msg_{++_messages:D6}");
        Tell(session.Value, new MessagePosted
        {
            At = Tick(),
            MessageId = message,
            SenderType = senderType,
            SenderId = sender,
            SenderName = $"{sender}'s name",
            MessageType = type,
            Content = content,
            Metadata = metadata,
            ReplyTo = replyTo,
        });
        return message;
    }

    public MessageId Show(SessionId session, PostedFile file, string? content = null, string sender = "ann")
    {
        var message = new MessageId($"msg_{++_messages:D6}");
        var posted = new MessagePosted
        {
            At = Tick(),
            MessageId = message,
            SenderType = "user",
            SenderId = sender,
            SenderName = $"{sender}'s name",
            MessageType = "text",
            Content = content ?? file.Name,
        };
        Tell(session.Value, new FilePosted(posted, file));
        return message;
    }

    public void Edit(SessionId session, MessageId message, string content) =>
        Tell(session.Value, new MessageEdited { At = Tick(), MessageId = message, Content = content, By = "ann" });

    public void Delete(SessionId session, MessageId message) =>
        Tell(session.Value, new MessageDeleted { At = Tick(), MessageId = message, By = "ann" });

    public void React(SessionId session, MessageId message, string emoji, string user, bool removed = false) =>
        Tell(session.Value, new ReactionChanged { At = Tick(), MessageId = message, Emoji = emoji, UserId = user, Removed = removed });

    public void Retitle(SessionId session, string? title) => Tell(session.Value, new TitleChanged { At = Tick(), Title = title, By = "ann" });

    public void Describe(SessionId session, string? metadata) => Tell(session.Value, new MetadataChanged { At = Tick(), Metadata = metadata, By = "ann" });

    public void Archive(SessionId session) => Tell(session.Value, new SessionArchived { At = Tick(), By = "ann" });

    public void Restore(SessionId session) => Tell(session.Value, new SessionRestored { At = Tick(), By = "ann" });

    public void Join(SessionId session, string user) => Tell(session.Value, new MemberAdded { At = Tick(), Member = new(user, user), By = "ann" });

    public void Leave(SessionId session, string user) => Tell(session.Value, new MemberRemoved { At = Tick(), UserId = user, By = "ann" });

    public MessageId Queue(SessionId session, MessageId prompt, int agent = 1)
    {
        var answer = new MessageId($"msg_{++_messages:D6}");
        Tell(session.Value, new RunQueued { At = Tick(), MessageId = answer, AgentId = agent, AgentName = $"Agent {agent}", PromptId = prompt });
        return answer;
    }

    public MessageId Begin(SessionId session, MessageId? answer = null, string? by = null)
    {
        var message = answer ?? new MessageId($"msg_{++_messages:D6}");
        Tell(session.Value, new StreamStarted { At = Tick(), MessageId = message, SenderId = "1", SenderName = "Agent 1", Epoch = 1, StreamedBy = by });
        return message;
    }

    public void Chunk(SessionId session, MessageId answer, int index, string content) =>
        Tell(session.Value, new StreamChunk { At = Tick(), MessageId = answer, Index = index, Content = content, Epoch = 1 });

    public void End(SessionId session, MessageId answer, string content, string status = StreamStatus.Complete) =>
        Tell(session.Value, new StreamEnded
        {
            At = Tick(),
            MessageId = answer,
            SenderId = "1",
            SenderName = "Agent 1",
            Status = status,
            Content = content,
            TokensUsed = 7,
            LatencyMs = 42,
        });

    public DateTimeOffset Tick() => Now += Step;

    private void Tell(string session, SessionEvent e) => log.Add(session, e);
}
