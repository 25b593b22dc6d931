using System.Text.Json;

namespace Chat.Host.SocketIo;

/// <summary>Writes the arguments of an event or ack: each JSON value written at the top is one argument.</summary>
public sealed class ArgumentWriter
{
    /// <summary>Stands inside the array of arguments; must be left there.</summary>
    public Utf8JsonWriter Json => throw new NotImplementedException();

    /// <summary>Writes bytes as a value, as an argument or inside one. They are kept until they are sent, so they must not change.</summary>
    public void WriteBinary(ReadOnlyMemory<byte> bytes) => throw new NotImplementedException();

    /// <summary>Writes received arguments as they came, with copies of their attachments; before any <see cref="WriteBinary"/>.</summary>
    public void WriteAll(EventArguments arguments) => throw new NotImplementedException();
}
