using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Host.SocketIo;

/// <summary>Writes the arguments of an event or ack: each JSON value written at the top is one argument.</summary>
public sealed class ArgumentWriter
{
    /// <summary>Nothing here becomes part of a page: only what JSON itself must escape is escaped.</summary>
    internal static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _bytes = new(256);
    private readonly List<ReadOnlyMemory<byte>> _attachments = [];

    private ArgumentWriter() => Json = new Utf8JsonWriter(_bytes, JsonOptions);

    /// <summary>Stands inside the array of arguments; must be left there.</summary>
    public Utf8JsonWriter Json { get; }

    internal IReadOnlyList<ReadOnlyMemory<byte>> Attachments => _attachments;

    /// <summary>The array.</summary>
    internal ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>Writes bytes as a value, as an argument or inside one. They are kept until they are sent, so they must not change.</summary>
    public void WriteBinary(ReadOnlyMemory<byte> bytes)
    {
        Json.WriteStartObject();
        Json.WriteBoolean("_placeholder", true);
        Json.WriteNumber("num", _attachments.Count);
        Json.WriteEndObject();
        _attachments.Add(bytes);
    }

    /// <summary>Writes received arguments byte for byte, with their attachments; before any <see cref="WriteBinary"/>.</summary>
    public void WriteAll(EventArguments arguments)
    {
        if (_attachments.Count > 0)
        {
            throw new InvalidOperationException("The placeholders of received arguments count from 0");
        }
        foreach (var argument in arguments)
        {
            // Not by way of a string: it may hold lone surrogates, which are JSON but no Unicode.
            Json.WriteRawValue(JsonMarshal.GetRawUtf8Value(argument), skipInputValidation: true);
        }
        _attachments.AddRange(arguments.Attachments);
    }

    internal static ArgumentWriter Write(string? name, Action<ArgumentWriter>? arguments)
    {
        var writer = new ArgumentWriter();
        writer.Json.WriteStartArray();
        if (name is not null)
        {
            writer.Json.WriteStringValue(name);
        }
        arguments?.Invoke(writer);
        writer.Json.WriteEndArray();
        writer.Json.Dispose();
        return writer;
    }
}
