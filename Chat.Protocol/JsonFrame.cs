using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Writes one JSON object as a finished frame. The buffer is the thread's own and is used again.</summary>
public static class JsonFrame
{
    /// <summary>A buffer that one large frame has grown beyond this is let go again.</summary>
    private const int KeptBuffer = 256 * 1024;

    /// <summary>Frames are no HTML: Hangul and quotes stay as they are.</summary>
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _thread;

    /// <summary>The writer stands inside the object, after <c>"type"</c>.</summary>
    public static Frame Write<TState>(string type, TState state, Action<Utf8JsonWriter, TState> body) => Write(
        (type, state, body),
        static (w, s) =>
        {
            w.WriteString("type"u8, s.type);
            s.body(w, s.state);
        },
        Frame.Text);

    /// <summary>An object that is to stand within a frame.</summary>
    internal static byte[] WriteObject<TState>(TState state, Action<Utf8JsonWriter, TState> body) => Write(state, body, static bytes => bytes.ToArray());

    private static TResult Write<TState, TResult>(TState state, Action<Utf8JsonWriter, TState> body, Func<ReadOnlySpan<byte>, TResult> finish)
    {
        var (buffer, writer) = _thread ??= New();
        buffer.ResetWrittenCount();
        writer.Reset();
        writer.WriteStartObject();
        body(writer, state);
        writer.WriteEndObject();
        writer.Flush();
        var result = finish(buffer.WrittenSpan);
        if (buffer.Capacity > KeptBuffer)
        {
            _thread = null;
        }
        return result;
    }

    private static (ArrayBufferWriter<byte>, Utf8JsonWriter) New()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        return (buffer, new Utf8JsonWriter(buffer, Options));
    }
}
