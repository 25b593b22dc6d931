namespace Chat.Protocol;

/// <summary>A channel's name (seed 004): <c>[A-Za-z0-9_-]{1,100}</c>, given to a session when it is made.</summary>
public static class ChannelUrl
{
    public static bool IsWellFormed(string text) => text.Length is > 0 and <= 100 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
