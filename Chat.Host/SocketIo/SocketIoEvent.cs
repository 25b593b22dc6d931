using System.Text.Json;

namespace Chat.Host.SocketIo;

/// <summary>An event of a client. Its arguments are valid until the handler completes: clone or copy what is kept.</summary>
public sealed class SocketIoEvent
{
    public SocketIoSocket Socket => throw new NotImplementedException();

    /// <summary>Null where the client sent a number, or a text that is not Unicode.</summary>
    public string? Name => throw new NotImplementedException();

    public EventArguments Arguments => throw new NotImplementedException();

    /// <summary>The client waits for an acknowledgement.</summary>
    public bool WantsAck => throw new NotImplementedException();

    /// <summary>Acknowledges with these arguments, now or later; from the second time on, and where the client did not ask, nothing.</summary>
    public void Ack(Action<ArgumentWriter>? arguments = null) => throw new NotImplementedException();
}

/// <summary>The arguments of an event, without its name. Binary ones are placeholders in the JSON; <see cref="TryGetBinary"/> resolves them.</summary>
public readonly struct EventArguments
{
    public int Count => throw new NotImplementedException();

    public JsonElement this[int index] => throw new NotImplementedException();

    /// <summary>The attachments in the order in which they came.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments => throw new NotImplementedException();

    /// <summary>The bytes for which the element, an argument or something inside one, stands; false where it is ordinary JSON.</summary>
    public bool TryGetBinary(JsonElement element, out ReadOnlyMemory<byte> binary) => throw new NotImplementedException();
}
