using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Tests.Contracts;

/// <summary>Who comes, goes and says something in sessions that have now a few members, now too many to be carried; the same for the same seed.</summary>
/// <param name="last">The number of the newest session, where they have been told before.</param>
internal sealed class RandomCrowd(Story story, Random random, string prefix, int last = 0)
{
    private const int Most = 8;

    private readonly Dictionary<SessionId, List<MessageId>> _messages = [];
    private int _last = last;

    /// <summary>Those who are everywhere; the others are there to be many.</summary>
    public IReadOnlyList<string> Users { get; } = ["ann", "bob", "1"];

    public string User() => Users[random.Next(Users.Count)];

    public SessionId Session() => new($"{prefix}{1 + random.Next(_last)}");

    public void Tell(int events)
    {
        for (var n = 0; n < events; n++)
        {
            TellOne();
        }
    }

    private void TellOne()
    {
        if (_last == 0 || (_last < Most && random.Next(30) == 0))
        {
            var created = story.Create($"{prefix}{++_last}", User(), random.Next(3) is > 0 and var agent ? agent : null, members: [.. Crowd(random.Next(2) * ListStatements.MostCarried)]);
            _messages[created] = [];
        }
        var session = Session();
        var messages = _messages[session];
        switch (random.Next(16))
        {
            case < 6:
                messages.Add(story.Post(session, "hello", User()));
                break;
            case 6:
                messages.Add(story.Post(session, "an agent's", "1", senderType: "agent"));
                break;
            case 7:
                messages.Add(story.Begin(session));
                story.End(session, messages[^1], "an answer");
                break;
            case 8 when messages.Count > 0:
                story.Delete(session, messages[random.Next(messages.Count)]);
                break;
            case 9:
                story.Join(session, User());
                break;
            case 10:
                story.Leave(session, User());
                break;
            case 11:
                foreach (var user in Crowd(random.Next(2) == 0 ? 2 : ListStatements.MostCarried))
                {
                    story.Join(session, user);
                }
                break;
            case 12:
                foreach (var user in Crowd(random.Next(2) == 0 ? 2 : ListStatements.MostCarried))
                {
                    story.Leave(session, user);
                }
                break;
            case 13:
                story.Archive(session);
                break;
            case 14:
                story.Restore(session);
                break;
            case 15 when random.Next(10) == 0:
                // The rest of its batch is then written event by event.
                story.Delete(session, new("msg_none"));
                break;
        }
    }

    private IEnumerable<string> Crowd(int most) => Enumerable.Range(random.Next(4), most).Select(n => $"crowd-{n}");
}
