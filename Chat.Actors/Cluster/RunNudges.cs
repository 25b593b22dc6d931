using System.Text;
using Chat.Protocol;

namespace Chat.Actors.Cluster;

/// <summary>Tells the node that runs a session's answers that another one has done something for them: a message is the session's id.</summary>
public sealed class RunNudges(INodeBus bus, string self, Action<SessionId> nudged) : IDisposable
{
    private readonly IDisposable _inbox = bus.Subscribe(TopicOf(self), message => nudged(new SessionId(Encoding.UTF8.GetString(message.Span))));

    public void Send(string node, SessionId session) => bus.Publish(TopicOf(node), Encoding.UTF8.GetBytes(session.Value));

    public void Dispose() => _inbox.Dispose();

    private static string TopicOf(string node) => "runs:" + node;
}
