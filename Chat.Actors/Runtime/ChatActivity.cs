using System.Diagnostics;

namespace Chat.Actors.Runtime;

/// <summary>The source of this server's traces.</summary>
public static class ChatActivity
{
    public static readonly ActivitySource Source = new("Chat");
}
