using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Writes one JSON value as a finished frame. The buffer is the thread's own and is used again.</summary>
public static class JsonFrame
{
    /// <summary>A buffer that one large frame has grown beyond this is let go again.</summary>
    private const int KeptBuffer = 256 * 1024;

    /// <summary>Frames are no HTML: Hangul and quotes stay as they are.</summary>
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _thread;

    /// <summary>The writer stands inside the object, after <c>"type"</c>.</summary>
    public static Frame Write<TState>(string type, TState state, Action<Utf8JsonWriter, TState> body) => Build(
        [],
        (type, state, body),
        static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("type"u8, s.type);
            s.body(w, s.state);
            w.WriteEndObject();
        },
        Frame.Text);

    /// <summary>One JSON value after a few bytes of another framing.</summary>
    internal static Frame Build<TState>(ReadOnlySpan<byte> prefix, TState state, Action<Utf8JsonWriter, TState> value) => Build(prefix, state, value, Frame.Text);

    /// <summary>An object that is to stand within a frame.</summary>
    internal static byte[] WriteObject<TState>(TState state, Action<Utf8JsonWriter, TState> body) => Build(
        [],
        (state, body),
        static (w, s) =>
        {
            w.WriteStartObject();
            s.body(w, s.state);
            w.WriteEndObject();
        },
        static bytes => bytes.ToArray());

    private static TResult Build<TState, TResult>(
        ReadOnlySpan<byte> prefix, TState state, Action<Utf8JsonWriter, TState> value, Func<ReadOnlySpan<byte>, TResult> finish)
    {
        var (buffer, writer) = _thread ??= New();
        buffer.ResetWrittenCount();
        buffer.Write(prefix);
        writer.Reset();
        value(writer, state);
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
