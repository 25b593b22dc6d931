using System.Text.Json;

namespace Chat.Tests.Support;

/// <summary>One frame that a client of the native WebSocket has received.</summary>
internal sealed class NativeFrame
{
    private readonly JsonElement _root;

    public NativeFrame(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        _root = document.RootElement.Clone();
        Length = bytes.Length;
        Type = Text("type");
        Event = Has("event") ? Text("event") : null;
        Seq = Number("seq");
        Prev = Number("prev");
    }

    public string Type { get; }

    /// <summary>Of a <c>system</c> frame.</summary>
    public string? Event { get; }

    public long? Seq { get; }

    public long? Prev { get; }

    /// <summary>Bytes of the payload.</summary>
    public int Length { get; }

    /// <summary>Stands in the log: it has a place in the chain of <c>prev</c>.</summary>
    public bool IsStored => Prev is not null;

    public JsonElement Root => _root;

    public bool Has(string name) => _root.TryGetProperty(name, out _);

    public string Text(string name) => _root.GetProperty(name).GetString()!;

    public string? OptionalText(string name) => Has(name) ? Text(name) : null;

    public long? Number(string name) => _root.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    public bool Flag(string name) => _root.GetProperty(name).GetBoolean();

    public bool Is(string name) => name == Type || name == Event;

    public override string ToString() => _root.GetRawText() is { Length: > 300 } text ? text[..300] + "…" : _root.GetRawText();
}
