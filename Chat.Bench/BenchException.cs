namespace Chat.Bench;

/// <summary>The load cannot be brought or measured; its message is one plain sentence for the user.</summary>
internal sealed class BenchException(string message) : Exception(message);
