using System.Collections;
using System.Text.Json;

namespace Chat.Host.SocketIo;

/// <summary>An event of a client. Its arguments are valid until the handler completes: clone what is kept. Attachments may be kept.</summary>
public sealed class SocketIoEvent
{
    private readonly long? _ackId;
    private int _isAcked;

    internal SocketIoEvent(SocketIoSocket socket, JsonElement array, IReadOnlyList<ReadOnlyMemory<byte>> attachments, long? ackId)
    {
        Socket = socket;
        Name = ReadName(array[0]);
        Arguments = new EventArguments(array, attachments);
        _ackId = ackId;
    }

    public SocketIoSocket Socket { get; }

    /// <summary>Null where the client sent a number, or a text that is not Unicode.</summary>
    public string? Name { get; }

    public EventArguments Arguments { get; }

    /// <summary>The client waits for an acknowledgement.</summary>
    public bool WantsAck => _ackId is not null;

    /// <summary>Acknowledges with these arguments, now or later; from the second time on, and where the client did not ask, nothing.</summary>
    public void Ack(Action<ArgumentWriter>? arguments = null)
    {
        if (_ackId is { } id && Interlocked.Exchange(ref _isAcked, 1) == 0)
        {
            Socket.Send(isAck: true, id, ArgumentWriter.Write(name: null, arguments));
        }
    }

    private static string? ReadName(JsonElement name)
    {
        try
        {
            return name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Lone surrogates.
            return null;
        }
    }
}

/// <summary>The arguments of an event, without its name. Binary ones are placeholders in the JSON; <see cref="TryGetBinary"/> resolves them.</summary>
public readonly struct EventArguments : IEnumerable<JsonElement>
{
    private readonly JsonElement _array;

    internal EventArguments(JsonElement array, IReadOnlyList<ReadOnlyMemory<byte>> attachments)
    {
        _array = array;
        Attachments = attachments;
    }

    public int Count => _array.GetArrayLength() - 1;

    /// <summary>Counts from the first argument at every call: for the few that are looked for, not for walking through what a client sent.</summary>
    public JsonElement this[int index] => _array[index + 1];

    /// <summary>The attachments in the order in which they came.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments { get; }

    public IEnumerator<JsonElement> GetEnumerator() => _array.EnumerateArray().Skip(1).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The bytes for which the element, an argument or something inside one, stands; false where it is ordinary JSON.</summary>
    public bool TryGetBinary(JsonElement element, out ReadOnlyMemory<byte> binary)
    {
        var isBinary = Attachments.Count > 0 && IsPlaceholder(element, out var number) && number >= 0 && number < Attachments.Count ? number : -1;
        binary = isBinary < 0 ? default : Attachments[isBinary];
        return isBinary >= 0;
    }

    /// <summary>Every placeholder stands for one of so many attachments.</summary>
    internal static bool AreResolved(JsonElement json, int attachments)
    {
        // By hand, not by recursion: the client says how deep it goes.
        var open = new Stack<JsonElement>([json]);
        while (open.TryPop(out var element))
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray())
                {
                    open.Push(item);
                }
            }
            else if (IsPlaceholder(element, out var number))
            {
                if (number < 0 || number >= attachments)
                {
                    return false;
                }
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in element.EnumerateObject())
                {
                    open.Push(property.Value);
                }
            }
        }
        return true;
    }

    /// <param name="number">-1 where it is no number of an attachment.</param>
    private static bool IsPlaceholder(JsonElement element, out int number)
    {
        number = -1;
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("_placeholder"u8, out var mark) || mark.ValueKind != JsonValueKind.True)
        {
            return false;
        }
        if (!element.TryGetProperty("num"u8, out var num) || num.ValueKind != JsonValueKind.Number || !num.TryGetInt32(out number))
        {
            number = -1;
        }
        return true;
    }
}
