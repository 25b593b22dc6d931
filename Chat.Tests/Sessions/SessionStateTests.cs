using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

public class SessionStateTests
{
    private static readonly EventCodec Codec = new();

    [Fact]
    public void Nothing_can_be_done_with_a_session_that_does_not_exist() =>
        Assert.Equal(ErrorCode.NotFound, new SessionState().Refuse(Post()));

    [Fact]
    public void Only_members_know_of_a_session()
    {
        var state = NewSession();
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Post(by: Stranger)));
        Assert.Equal(ErrorCode.NotFound, state.Refuse(new ArchiveSession { Caller = Stranger }));
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Create(new SessionId("s1"), Stranger)));
    }

    [Fact]
    public void An_admin_reads_and_manages_but_does_not_write()
    {
        var state = NewSession();
        Assert.True(state.MayRead(Admin));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(Post(by: Admin)));
        state.Accept(new ArchiveSession { Caller = Admin });
        Assert.True(state.IsArchived);
    }

    [Fact]
    public void A_member_may_not_manage_but_may_leave()
    {
        var state = NewSession();
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new ArchiveSession { Caller = Lee }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new UpdateSession { Caller = Lee, Title = "x" }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new AddMember { Caller = Lee, Member = new Member("x", "X") }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new RemoveMember { Caller = Lee, UserId = "kim" }));
        state.Accept(new RemoveMember { Caller = Lee, UserId = "lee" });
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Post(by: Lee)));
    }

    [Fact]
    public void The_owner_cannot_be_removed() =>
        Assert.Equal(ErrorCode.Forbidden, NewSession().Refuse(new RemoveMember { Caller = Kim, UserId = "kim" }));

    [Fact]
    public void A_repeated_send_gets_the_first_answer()
    {
        var state = NewSession();
        var first = state.Accept(Post("a", clientId: "c1"));
        var second = state.Accept(Post("b", clientId: "c1"));
        Assert.Equal((first.Seq, first.MessageId, first.At, true), (second.Seq, second.MessageId, second.At, second.Repeat));
        Assert.Equal(1, state.MessageCount);
    }

    [Fact]
    public void A_file_is_a_message_by_the_same_rules()
    {
        var file = new PostedFile(PostedFile.NewId(), "a.png", "image/png", 3, new string('a', 64), HasThumbnail: false);
        var state = NewSession(agent: 1);

        var (reply, events) = state.Decide(PostMessage.Of(file, " ", Lee, "c1"), Noon, null);
        var posted = Assert.IsType<FilePosted>(events[0]);
        Assert.Equal((file, "file", "a.png", "lee"), (posted.File, posted.MessageType, posted.Content, posted.SenderId));
        // The agent answers it as it answers what is said.
        Assert.Equal(posted.MessageId, Assert.IsType<RunQueued>(events[1]).PromptId);
        Assert.Equal(posted.RunId, ((Accepted)reply).RunId);

        var first = state.Accept(PostMessage.Of(file, "look", Lee, "c1"));
        Assert.Equal((first.MessageId, true), (state.Accept(PostMessage.Of(file, null, Lee, "c1")).MessageId, state.Accept(PostMessage.Of(file, null, Lee, "c1")).Repeat));
        Assert.Equal(1, state.MessageCount);
        Assert.Equal(ErrorCode.NotFound, state.Refuse(PostMessage.Of(file, null, Stranger, null)));
        state.Accept(new ArchiveSession { Caller = Kim });
        Assert.Equal(ErrorCode.Archived, state.Refuse(PostMessage.Of(file, null, Lee, "c2")));
    }

    [Fact]
    public void An_empty_client_id_names_no_send()
    {
        var state = NewSession();
        state.Accept(Post("a", clientId: ""));
        Assert.False(state.Accept(Post("b", clientId: "")).Repeat);
        Assert.Equal(2, state.MessageCount);
    }

    [Fact]
    public void A_view_is_made_once_for_each_head()
    {
        var state = NewSession();
        var view = state.ToView();
        Assert.Same(view, state.ToView());
        state.Accept(new UpdateSession { Caller = Kim, Title = "new" });
        Assert.Equal("new", state.ToView().Title);
    }

    [Fact]
    public void A_client_id_belongs_to_its_author()
    {
        var state = NewSession();
        Assert.NotEqual(state.Accept(Post(clientId: "c1")).MessageId, state.Accept(Post(by: Lee, clientId: "c1")).MessageId);
    }

    [Fact]
    public void A_client_id_is_forgotten_after_a_day_and_after_10000_sends()
    {
        var state = NewSession();
        state.Accept(Post(clientId: "c1"), Noon);
        Assert.True(state.Accept(Post(clientId: "c1"), Noon.AddHours(24).AddMilliseconds(-1)).Repeat);
        Assert.False(state.Accept(Post(clientId: "c1"), Noon.AddHours(24)).Repeat);

        for (var i = 0; i < SentOnceWindow.Capacity - 1; i++)
        {
            state.Accept(Post(clientId: $"n{i}"), Noon.AddHours(24));
        }
        Assert.True(state.Accept(Post(clientId: "c1"), Noon.AddHours(24)).Repeat);
        state.Accept(Post(clientId: "one more"), Noon.AddHours(24));
        Assert.False(state.Accept(Post(clientId: "c1"), Noon.AddHours(24)).Repeat);
    }

    [Fact]
    public void An_archived_session_takes_nothing_but_is_restored()
    {
        var state = NewSession(agent: 1);
        var run = state.Accept(Post()).RunId!.Value;
        state.Accept(new ArchiveSession { Caller = Kim });
        Assert.Empty(state.Runs);
        Assert.Equal(StreamStatus.Stopped, state.Messages.Find(run)!.Status);
        Assert.Equal(ErrorCode.Archived, state.Refuse(Post()));
        Assert.Equal(ErrorCode.Archived, state.Refuse(new AddMember { Caller = Kim, Member = new Member("x", "X") }));
        Assert.Equal(ErrorCode.Archived, state.Refuse(new StartStream { Caller = Kim, MessageId = MessageId.New(), AnyRole = true }));
        state.Accept(new UpdateSession { Caller = Kim, Restore = true });
        state.Accept(Post());
    }

    [Fact]
    public void Only_the_author_edits_and_deletes()
    {
        var state = NewSession();
        var id = state.Accept(Post()).MessageId;
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new EditMessage { Caller = Lee, MessageId = id, Content = "x" }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new DeleteMessage { Caller = Lee, MessageId = id }));
        state.Accept(new EditMessage { Caller = Kim, MessageId = id, Content = "x" });
        state.Accept(new DeleteMessage { Caller = Kim, MessageId = id });
        Assert.Equal(ErrorCode.NotFound, state.Refuse(new EditMessage { Caller = Kim, MessageId = id, Content = "y" }));
        Assert.Equal(ErrorCode.NotFound, state.Refuse(new React { Caller = Lee, MessageId = id, Emoji = "👍" }));
        var head = state.Head;
        state.Accept(new DeleteMessage { Caller = Kim, MessageId = id });
        Assert.Equal(head, state.Head);
    }

    [Fact]
    public void An_older_message_is_decided_by_the_facts_of_the_history()
    {
        var state = NewSession();
        var id = MessageId.New();
        Assert.Equal(ErrorCode.NotFound, state.Refuse(new EditMessage { Caller = Kim, MessageId = id, Content = "x" }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new EditMessage { Caller = Kim, MessageId = id, Content = "x" }, new MessageFacts(id, "lee", false, null)));
        Assert.IsType<Accepted>(state.Do(new EditMessage { Caller = Kim, MessageId = id, Content = "x" }, target: new MessageFacts(id, "kim", false, null)));
    }

    [Fact]
    public void Time_does_not_go_back_when_a_slower_clock_takes_over()
    {
        var state = NewSession();
        state.Accept(Post(), Noon.AddSeconds(10));
        Assert.Equal(Noon.AddSeconds(10), state.Accept(Post(), Noon).At);
    }

    [Fact]
    public void The_same_events_give_the_same_state_also_over_a_snapshot()
    {
        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            var events = RandomHistory(random, 60);
            var whole = Replay(new SessionState(), events);
            var cut = random.Next(1, events.Count);
            var half = Replay(new SessionState(), events.Take(cut));
            var resumed = SessionState.FromSnapshot(SessionSnapshot.FromBytes(half.ToSnapshot().ToBytes()));
            Replay(resumed, events.Skip(cut));
            Assert.Equal(whole.ToSnapshot().ToBytes(), resumed.ToSnapshot().ToBytes());
        }
    }

    [Fact]
    public void What_is_decided_survives_its_bytes()
    {
        foreach (var e in RandomHistory(new Random(11), 300))
        {
            var (manifest, payload) = Codec.Encode(e);
            Assert.Equal(payload, Codec.Encode(Codec.Decode(manifest, payload)).Payload);
        }
    }

    private static SessionState Replay(SessionState state, IEnumerable<SessionEvent> events)
    {
        foreach (var e in events)
        {
            state.Apply(e);
        }
        return state;
    }

    /// <summary>Events of random commands, accepted or not, with every rule in play.</summary>
    private static List<SessionEvent> RandomHistory(Random random, int commands)
    {
        var state = new SessionState();
        var events = new List<SessionEvent>();
        var ids = new List<MessageId>();
        Caller[] callers = [Kim, Lee, Stranger, Admin, Caller.Server, new("7", "Agent", IsAgent: true)];
        void Do(SessionCommand command)
        {
            var (reply, decided) = state.Decide(command, Noon.AddSeconds(random.Next(100)));
            foreach (var e in decided)
            {
                state.Apply(e);
            }
            events.AddRange(decided);
            if (reply is Accepted accepted)
            {
                Assert.Equal(decided.Count > 0, accepted.Seq == state.Head - decided.Count + 1 && decided.Count > 0);
                ids.Add(accepted.MessageId);
                ids.Add(accepted.RunId ?? default);
            }
            else
            {
                Assert.Empty(decided);
            }
        }
        Do(Create(new SessionId("s1"), Kim, random.Next(2) == 0 ? 1 : null, new Member("lee", "Lee")));
        for (var i = 0; i < commands; i++)
        {
            var caller = callers[random.Next(callers.Length)];
            var id = ids.Count == 0 ? default : ids[random.Next(ids.Count)];
            int? epoch = random.Next(2) == 0 ? random.Next(3) : null;
            Do(random.Next(14) switch
            {
                0 or 1 or 2 => Post("글" + i, caller, random.Next(3) == 0 ? "c" + random.Next(5) : null),
                3 => new EditMessage { Caller = caller, MessageId = id, Content = "edited" },
                4 => new DeleteMessage { Caller = caller, MessageId = id },
                5 => new React { Caller = caller, MessageId = id, Emoji = "👍", Remove = random.Next(2) == 0 },
                6 => new UpdateSession { Caller = caller, Title = "t" + i, Metadata = """{"a":1}""", Restore = random.Next(2) == 0 },
                7 when random.Next(4) == 0 => new ArchiveSession { Caller = caller },
                8 => new AddMember { Caller = caller, Member = new Member("m" + random.Next(4), "M") },
                9 => new RemoveMember { Caller = caller, UserId = "m" + random.Next(4) },
                10 => new ClaimRun { Caller = Caller.Server, MessageId = id, Node = "n" },
                11 => new AppendChunk { Caller = caller, MessageId = id, Content = "chunk", Epoch = epoch },
                12 => new EndStream { Caller = caller, MessageId = id, Status = StreamStatus.Complete, Epoch = epoch },
                13 when random.Next(3) == 0 => new StopRun { Caller = caller, MessageId = random.Next(2) == 0 ? id : null },
                _ => new StartStream { Caller = caller, MessageId = MessageId.New(), AnyRole = random.Next(2) == 0, ClientMessageId = "s" + random.Next(5) },
            });
        }
        return events;
    }
}
