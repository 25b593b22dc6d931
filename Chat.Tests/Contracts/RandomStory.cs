using Chat.Protocol;

namespace Chat.Tests.Contracts;

/// <summary>Events in every order that a log could have, and some that it could not; the same ones for the same seed.</summary>
internal sealed class RandomStory(Story story, MemoryLog log, Random random, string prefix)
{
    private static readonly string[] Users = ["ann", "bob", "cid", "dan"];
    private static readonly string[] Emojis = ["👍", "❤️", "👍🏽"];

    private readonly List<SessionId> _sessions = [];
    private readonly Dictionary<SessionId, List<MessageId>> _messages = [];
    private readonly List<(SessionId Session, MessageId Answer)> _runs = [];

    public IEnumerable<SessionId> Sessions => _sessions;

    public void Tell(int events)
    {
        for (var n = 0; n < events; n++)
        {
            TellOne();
        }
    }

    private void TellOne()
    {
        if (_sessions.Count == 0 || random.Next(60) == 0)
        {
            var created = story.Create($"{prefix}{_sessions.Count + 1}", User(), random.Next(2) == 0 ? 1 : null, metadata: "{}", members: [User(), User()]);
            _sessions.Add(created);
            _messages[created] = [];
        }
        var session = Any(_sessions);
        var messages = _messages[session];
        switch (random.Next(20))
        {
            case < 8:
                messages.Add(story.Post(session, $"text {random.Next(1000)}", User()));
                break;
            case 8 when messages.Count > 0:
                story.Edit(session, Any(messages), $"edited {random.Next(1000)}");
                break;
            case 9 when messages.Count > 0:
                // The newest ones more often.
                story.Delete(session, random.Next(2) == 0 ? messages[^1] : Any(messages));
                break;
            case 10 or 11 when messages.Count > 0:
                story.React(session, Any(messages), Any(Emojis), User(), random.Next(3) == 0);
                break;
            case 12:
                story.Join(session, User());
                break;
            case 13:
                story.Leave(session, User());
                break;
            case 14 when messages.Count > 0:
                _runs.Add((session, story.Queue(session, Any(messages))));
                break;
            case 15 when _runs.Count > 0:
                var (of, answer) = Any(_runs);
                story.Begin(of, answer);
                story.Chunk(of, answer, 0, "chunk");
                break;
            case 16 when _runs.Count > 0:
                var ended = Any(_runs);
                _runs.Remove(ended);
                _messages[ended.Session].Add(ended.Answer);
                story.End(ended.Session, ended.Answer, $"answer {random.Next(1000)}");
                break;
            case 17:
                story.Retitle(session, random.Next(3) == 0 ? null : $"title {random.Next(1000)}");
                break;
            case 18:
                if (random.Next(2) == 0)
                {
                    story.Archive(session);
                }
                else
                {
                    story.Restore(session);
                }
                break;
            case 19 when random.Next(4) == 0:
                Poison(session);
                break;
            default:
                story.Describe(session, $$"""{"n": {{random.Next(1000)}}}""");
                break;
        }
    }

    private void Poison(SessionId session)
    {
        switch (random.Next(4))
        {
            case 0:
                log.Add(session.Value, null, "unreadable");
                break;
            case 1:
                story.Post(new("nowhere"), "lost");
                break;
            case 2:
                story.Post(session, "odd", type: "opera");
                break;
            default:
                story.React(session, new("msg_none"), "👍", User());
                break;
        }
    }

    private string User() => Any(Users);

    private T Any<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];
}
