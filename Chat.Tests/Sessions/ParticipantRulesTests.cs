using System.Text.Json;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Support.Commands;

namespace Chat.Tests.Sessions;

/// <summary>Joining under a nickname, as the session decides it.</summary>
public sealed class ParticipantRulesTests
{
    [Fact]
    public void One_who_has_joined_reads_and_writes_under_its_nickname_and_manages_nothing()
    {
        var state = NewSession();
        var joined = state.Accept(Join("p1", "민아"));
        Assert.Equal(2, joined.Seq);

        var (_, events) = state.Decide(Post(by: new Caller("p1", "another name")), Noon);
        var posted = Assert.IsType<MessagePosted>(events[0]);
        Assert.Equal(("p1", "민아", "p1"), (posted.SenderId, posted.SenderName, posted.ParticipantId));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new ArchiveSession { Caller = new("p1", "민아") }));
        Assert.Equal(ErrorCode.Forbidden, state.Refuse(new RemoveMember { Caller = new("p1", "민아"), UserId = "lee" }));
    }

    [Theory]
    [InlineData("민아", "\u1106\u1175\u11AB\u110B\u1161")]
    [InlineData("fiona", "ﬁona")]
    [InlineData("mina kim", "Mina  Kim")]
    public void One_name_in_two_spellings_is_taken(string first, string second)
    {
        var state = NewSession();
        state.Accept(Join("p1", Stored(first)));
        Assert.Equal(ErrorCode.NameTaken, state.Refuse(Join("p2", Stored(second))));
        Assert.True(state.IsNicknameTaken(second));
        // A member's name is no nickname: only participants collide.
        state.Accept(Join("p3", "Kim"));
    }

    [Fact]
    public void A_repeated_join_changes_nothing()
    {
        var state = NewSession();
        state.Accept(Join("p1", "Mina"));
        var head = state.Head;
        state.Accept(Join("p1", "Mina"));
        Assert.Equal(head, state.Head);
        Assert.Equal(ErrorCode.NameTaken, state.Refuse(Join("p1", "mina")));
    }

    [Fact]
    public void A_removed_participant_knows_nothing_more_and_its_name_is_free()
    {
        var state = NewSession();
        state.Accept(Join("p1", "Mina"));
        state.Accept(new RemoveMember { Caller = Kim, UserId = "p1" });
        Assert.Equal(ErrorCode.NotFound, state.Refuse(Post(by: new Caller("p1", "Mina"))));
        Assert.False(state.IsNicknameTaken("Mina"));
        state.Accept(Join("p2", "MINA"));
        Assert.True(state.IsNicknameTaken("mina"));
    }

    [Fact]
    public void Nobody_joins_an_archived_session_nor_one_that_is_not_there()
    {
        Assert.Equal(ErrorCode.NotFound, new SessionState().Refuse(Join("p1", "Mina")));
        var state = NewSession();
        state.Accept(new ArchiveSession { Caller = Kim });
        var rejected = Assert.IsType<Rejected>(state.Do(Join("p1", "Mina")));
        Assert.Equal((ErrorCode.NotFound, "세션을 찾을 수 없거나 비활성 상태입니다."), (rejected.Code, rejected.Text));
        state.Accept(new UpdateSession { Caller = Kim, Restore = true });
        state.Accept(Join("p1", "Mina"));
    }

    [Fact]
    public void A_session_has_an_end_of_members()
    {
        var state = NewSession();
        for (var i = state.Members.Count; i < Limits.Members; i++)
        {
            state.Accept(Join($"p{i}", $"Name {i}"));
        }
        Assert.Equal(ErrorCode.TooManyMembers, state.Refuse(Join("one more", "One more")));
    }

    [Fact]
    public void A_snapshot_keeps_the_names()
    {
        var state = NewSession();
        state.Accept(Join("p1", "민아"));
        state.Accept(Join("p2", "Juno"));
        state.Accept(new RemoveMember { Caller = Kim, UserId = "p2" });

        var copy = SessionState.FromSnapshot(JsonSerializer.Deserialize<SessionSnapshot>(JsonSerializer.Serialize(state.ToSnapshot()))!);

        Assert.Equal(ErrorCode.NameTaken, copy.Refuse(Join("p3", "민아")));
        copy.Accept(Join("p3", "Juno"));
        Assert.Equal("민아", copy.Members["p1"].Name);
        Assert.True(copy.Members["p1"].IsParticipant);
        copy.Accept(new RemoveMember { Caller = Kim, UserId = "p1" });
        copy.Accept(Join("p4", "민아"));
    }

    private static JoinSession Join(string id, string nickname) => new() { Caller = new Caller(id, nickname), ParticipantId = id, Nickname = nickname };

    private static string Stored(string nickname) => Nickname.Read(nickname, out _)!;
}
