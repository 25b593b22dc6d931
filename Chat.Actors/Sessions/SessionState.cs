using System.Globalization;
using Chat.Protocol;

namespace Chat.Actors.Sessions;

/// <summary>
/// A session as its log tells it. <see cref="Decide"/> and <see cref="Apply"/> are pure: no clock, no I/O; the same events give the
/// same state everywhere, and every rule of the domain is here or in what this calls.
/// </summary>
public sealed class SessionState
{
    private SessionCreated? _created;
    private Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    /// <summary>Participants' nicknames, as <see cref="Nickname.KeyOf"/> makes them comparable.</summary>
    private readonly Dictionary<string, string> _nicknames = new(StringComparer.Ordinal);

    private SessionView? _view;

    public bool Exists => _created is not null;

    /// <summary>The first event; only while <see cref="Exists"/>.</summary>
    public SessionCreated Created => _created ?? throw new InvalidOperationException("The session does not exist");

    public string? Title { get; private set; }
    public string? Metadata { get; private set; }
    public bool IsArchived { get; private set; }
    public IReadOnlyDictionary<string, Member> Members => _members;
    public int MessageCount { get; private set; }

    /// <summary>Seq of the last applied event.</summary>
    public long Head { get; private set; }

    /// <summary>Seq of the last applied event that the native face shows.</summary>
    public long NativeHead { get; private set; }

    /// <summary>Time of the last applied event; the next one's is not before it.</summary>
    public DateTimeOffset LastAt { get; private set; }

    public SentOnceWindow Sends { get; } = new();
    public RecentMessages Messages { get; } = new();
    public DoneCommands Done { get; } = new();

    /// <summary>Waiting and running answers, oldest first.</summary>
    public List<Run> Runs { get; } = [];

    /// <summary>Decides a command; changes nothing.</summary>
    /// <param name="now">The actor's clock; events get a time not before <see cref="LastAt"/>.</param>
    /// <param name="target">Facts of the message that the command is about, where it is older than <see cref="Messages"/> reaches.</param>
    public Decision Decide(SessionCommand command, DateTimeOffset now, MessageFacts? target = null)
    {
        now = now.ToMilliseconds();
        if (now < LastAt)
        {
            now = LastAt;
        }
        if (Done.Find(command) is { } done)
        {
            return Decision.Unchanged(this, done);
        }
        var decision = Judge(command, now, target);
        return command.CommandId is { } id && decision.Events.Count > 0
            ? decision with { Events = [decision.Events[0] with { CommandId = id }, .. decision.Events.Skip(1)] }
            : decision;
    }

    private Decision Judge(SessionCommand command, DateTimeOffset now, MessageFacts? target) => command switch
    {
        CreateSession c => SessionRules.Create(this, c, now),
        _ when !Exists => Decision.NotFound,
        JoinSession c => SessionRules.Join(this, c, now),
        ClaimRun c => RunRules.Claim(this, c, now),
        AppendChunk c => RunRules.Append(this, c, now),
        EndStream c => RunRules.End(this, c, now),
        _ when !MayRead(command.Caller) => Decision.NotFound,
        UpdateSession c => SessionRules.Update(this, c, now),
        ArchiveSession => SessionRules.Archive(this, command.Caller, now),
        AddMember c => SessionRules.Add(this, c, now),
        RemoveMember c => SessionRules.Remove(this, c, now),
        _ when !MayWrite(command.Caller) => Decision.Reject(ErrorCode.Forbidden, "Only members may write"),
        PostMessage c => MessageRules.Post(this, c, now),
        EditMessage c => MessageRules.Edit(this, c, target ?? Messages.Find(c.MessageId), now),
        DeleteMessage c => MessageRules.Delete(this, c, target ?? Messages.Find(c.MessageId), now),
        React c => MessageRules.React(this, c, target ?? Messages.Find(c.MessageId), now),
        StartStream c => RunRules.Start(this, c, now),
        StopRun c => RunRules.Stop(this, c, target, now),
        _ => throw new ArgumentException($"No rule for {command.GetType().Name}", nameof(command)),
    };

    public bool MayRead(Caller caller) => caller.IsAdmin || MayWrite(caller);

    public bool MayWrite(Caller caller) => _members.ContainsKey(caller.UserId) || IsItsAgent(caller);

    public bool MayManage(Caller caller) => caller.IsAdmin || caller.UserId == Created.UserId;

    public bool IsNicknameTaken(string nickname) => _nicknames.ContainsKey(Nickname.KeyOf(nickname));

    /// <summary>Takes the log's next event in.</summary>
    public void Apply(SessionEvent e)
    {
        Head++;
        LastAt = e.At;
        if (NativeView.Shows(e))
        {
            NativeHead = Head;
        }
        Done.Add(Head, e);
        switch (e)
        {
            case SessionCreated c:
                _created = c;
                Title = c.Title;
                Metadata = c.Metadata;
                _members[c.UserId] = new Member(c.UserId, c.UserName, "owner");
                foreach (var member in c.Members)
                {
                    _members.TryAdd(member.UserId, member);
                }
                break;
            case MessagePosted m:
                MessageCount++;
                Messages.Add(new MessageFacts(m.MessageId, m.SenderId, IsDeleted: false, Status: null));
                if (m.ClientMessageId is { Length: > 0 } clientId)
                {
                    Sends.Add(new SentOnceWindow.Sent(m.SenderId, clientId, m.MessageId, m.RunId, Head, m.At));
                }
                break;
            case MessageDeleted m:
                Messages.MarkDeleted(m.MessageId);
                break;
            case TitleChanged t:
                Title = t.Title;
                break;
            case MetadataChanged m:
                Metadata = m.Metadata;
                break;
            case SessionArchived:
                IsArchived = true;
                break;
            case SessionRestored:
                IsArchived = false;
                break;
            case ParticipantJoined p:
                ForgetNickname(p.ParticipantId);
                AddParticipant(new Member(p.ParticipantId, p.Nickname, Member.Participant));
                break;
            case MemberAdded m:
                _members[m.Member.UserId] = m.Member;
                break;
            case MemberRemoved m:
                ForgetNickname(m.UserId);
                _members.Remove(m.UserId);
                break;
            case RunQueued r:
                Runs.Add(new Run
                {
                    MessageId = r.MessageId,
                    AgentId = r.AgentId,
                    SenderId = r.AgentId.ToString(CultureInfo.InvariantCulture),
                    SenderName = r.AgentName,
                    PromptId = r.PromptId,
                });
                break;
            case StreamStarted s:
                Start(s);
                break;
            case RunClaimed r when FindRun(r.MessageId) is { } run:
                run.Epoch = r.Epoch;
                run.Node = r.Node;
                break;
            case StreamChunk c when FindRun(c.MessageId) is { } run:
                run.Text.Append(c.Content);
                run.NextIndex = c.Index + 1;
                break;
            case StreamEnded s:
                MessageCount++;
                Runs.RemoveAll(run => run.MessageId == s.MessageId);
                Messages.Add(new MessageFacts(s.MessageId, s.StreamedBy, IsDeleted: false, s.Status));
                break;
        }
    }

    public Run? FindRun(MessageId id) => Runs.Find(run => run.MessageId == id);

    /// <summary>The same one until the next event: each reader that comes asks for it, and 10,000 members are much to copy.</summary>
    public SessionView ToView() => _view is { } view && view.Head == Head ? view : _view = NewView();

    private SessionView NewView() => new()
    {
        SessionId = Created.SessionId,
        TraceId = Created.TraceId,
        OwnerId = Created.UserId,
        AgentId = Created.AgentId,
        AgentName = Created.AgentName,
        Title = Title,
        Metadata = Metadata,
        IsArchived = IsArchived,
        IsOpen = Created.Open,
        SessionCode = Created.SessionCode,
        ChannelUrl = Created.ChannelUrl,
        Members = [.. _members.Values],
        CreatedAt = Created.At,
        LastActivity = LastAt,
        MessageCount = MessageCount,
        Head = Head,
        NativeHead = NativeHead,
        OpenRuns = [.. Runs.Select(run => run.ToView())],
    };

    /// <summary>A large state has a snapshot less often, so that an event's share of them does not grow with it.</summary>
    /// <param name="last">Seq of the newest one.</param>
    /// <param name="every">Events between two of a small state.</param>
    public bool IsSnapshotDue(long last, int every) => Head - last >= Math.Max(every, (Sends.Count + Done.Count) / 2);

    public SessionSnapshot ToSnapshot() => new()
    {
        Created = Created,
        Title = Title,
        Metadata = Metadata,
        IsArchived = IsArchived,
        Members = [.. _members.Values],
        MessageCount = MessageCount,
        Head = Head,
        NativeHead = NativeHead,
        LastAt = LastAt,
        Sends = Sends.All,
        Messages = [.. Messages.All],
        Done = [.. Done.All],
        Runs = [.. Runs.Select(run => new SessionSnapshot.RunState(
            run.MessageId, run.AgentId, run.SenderId, run.SenderName, run.PromptId, run.StreamedBy, run.StartSeq, run.StartedAt, run.Epoch, run.NextIndex, run.Text.ToString(), run.Node))],
    };

    public static SessionState FromSnapshot(SessionSnapshot snapshot)
    {
        var state = new SessionState
        {
            _created = snapshot.Created,
            Title = snapshot.Title,
            Metadata = snapshot.Metadata,
            IsArchived = snapshot.IsArchived,
            _members = snapshot.Members.ToDictionary(member => member.UserId, StringComparer.Ordinal),
            MessageCount = snapshot.MessageCount,
            Head = snapshot.Head,
            NativeHead = snapshot.NativeHead,
            LastAt = snapshot.LastAt,
        };
        foreach (var participant in snapshot.Members.Where(member => member.IsParticipant))
        {
            state.AddParticipant(participant);
        }
        foreach (var sent in snapshot.Sends)
        {
            state.Sends.Add(sent);
        }
        foreach (var facts in snapshot.Messages)
        {
            state.Messages.Add(facts);
        }
        foreach (var done in snapshot.Done ?? [])
        {
            state.Done.Add(done);
        }
        foreach (var r in snapshot.Runs)
        {
            var run = new Run
            {
                MessageId = r.MessageId,
                AgentId = r.AgentId,
                SenderId = r.SenderId,
                SenderName = r.SenderName,
                PromptId = r.PromptId,
                StreamedBy = r.StreamedBy,
                StartSeq = r.StartSeq,
                StartedAt = r.StartedAt,
                Epoch = r.Epoch,
                NextIndex = r.NextIndex,
                Node = r.Node,
            };
            run.Text.Append(r.Text);
            state.Runs.Add(run);
        }
        return state;
    }

    private void AddParticipant(Member participant)
    {
        _members[participant.UserId] = participant;
        _nicknames.TryAdd(Nickname.KeyOf(participant.Name), participant.UserId);
    }

    private void ForgetNickname(string userId)
    {
        if (_members.TryGetValue(userId, out var member) && member.IsParticipant
            && Nickname.KeyOf(member.Name) is var key && _nicknames.GetValueOrDefault(key) == userId)
        {
            _nicknames.Remove(key);
        }
    }

    private void Start(StreamStarted s)
    {
        var run = FindRun(s.MessageId);
        if (run is null)
        {
            run = new Run { MessageId = s.MessageId, SenderId = s.SenderId, SenderName = s.SenderName, StreamedBy = s.StreamedBy };
            Runs.Add(run);
        }
        run.StartSeq = Head;
        run.StartedAt = s.At;
        run.Epoch = s.Epoch;
        run.Node = s.Node;
        if (s is { ClientMessageId: { Length: > 0 } clientId, StreamedBy: { } author })
        {
            Sends.Add(new SentOnceWindow.Sent(author, clientId, s.MessageId, null, Head, s.At));
        }
    }

    private bool IsItsAgent(Caller caller) =>
        caller.IsAgent && Created.AgentId is { } id && caller.UserId == id.ToString(CultureInfo.InvariantCulture);
}
