using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>Reads the fields of a client's JSON object; what is wrong is thrown as <see cref="FieldException"/> and becomes an error frame.</summary>
public readonly struct JsonFields(JsonElement root)
{
    public string Text(string name) => OptionalText(name) ?? throw new FieldException($"{name} is missing");

    /// <summary>Null where the field is absent or null.</summary>
    public string? OptionalText(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new FieldException($"{name} must be a string");
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            throw new FieldException($"{name} holds half of a surrogate pair or bytes that are not UTF-8");
        }
    }

    /// <summary>Null also where the field is of another kind.</summary>
    public string? TextOrNull(string name) => TryGet(name, out var value) && value.ValueKind == JsonValueKind.String ? OptionalText(name) : null;

    public bool Flag(string name, bool? absent = null) => !TryGet(name, out var value)
        ? absent ?? throw new FieldException($"{name} is missing")
        : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new FieldException($"{name} must be true or false"),
        };

    public long Number(string name) => OptionalNumber(name) ?? throw new FieldException($"{name} is missing");

    /// <summary>A whole number, 0 at least.</summary>
    public long? OptionalNumber(string name) => !TryGet(name, out var value)
        ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : throw new FieldException($"{name} must be a whole number, 0 at least");

    public int? OptionalInt(string name) => OptionalNumber(name) is { } number
        ? number <= int.MaxValue ? (int)number : throw new FieldException($"{name} is too large")
        : null;

    /// <summary>Empty where the field is absent or null.</summary>
    public IEnumerable<JsonElement> OptionalArray(string name) => !TryGet(name, out var value)
        ? []
        : value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw new FieldException($"{name} must be an array");

    /// <summary>A JSON object as it was written, or null.</summary>
    public string? OptionalObject(string name) => !TryGet(name, out var value)
        ? null
        : value.ValueKind == JsonValueKind.Object && CleanJson(value) is { } text
            ? text
            : throw new FieldException($"{name} must be an object");

    /// <summary>The fields that have none of these names, as a JSON object with their values as they were written; null where there are none.</summary>
    public string? Others(ReadOnlySpan<string> names)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, JsonFrame.Options);
        var any = false;
        writer.WriteStartObject();
        foreach (var property in root.EnumerateObject())
        {
            var name = CleanText(() => property.Name);
            if (!names.Contains(name))
            {
                writer.WritePropertyName(name);
                writer.WriteRawValue(CleanJson(property.Value), skipInputValidation: true);
                any = true;
            }
        }
        writer.WriteEndObject();
        writer.Flush();
        return any ? Encoding.UTF8.GetString(buffer.WrittenSpan) : null;
    }

    private bool TryGet(string name, out JsonElement value)
    {
        try
        {
            return root.TryGetProperty(name, out value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
        }
        catch (InvalidOperationException)
        {
            // Any other field's name that has to be unescaped for the comparison.
            throw new FieldException("A field's name holds half of a surrogate pair");
        }
    }

    /// <summary>Its raw text; it is stored and sent as JSON again, so it must hold neither U+0000 nor half a surrogate pair.</summary>
    private static string CleanJson(JsonElement value)
    {
        Check(value);
        return value.GetRawText();

        static void Check(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var property in element.EnumerateObject())
                    {
                        CleanText(() => property.Name);
                        Check(property.Value);
                    }
                    break;
                case JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray())
                    {
                        Check(item);
                    }
                    break;
                case JsonValueKind.String:
                    CleanText(() => element.GetString()!);
                    break;
            }
        }
    }

    private static string CleanText(Func<string> read)
    {
        try
        {
            if (read() is var text && Limits.CountScalars(text) >= 0)
            {
                return text;
            }
        }
        catch (InvalidOperationException)
        {
            // Said below, in one sentence for both.
        }
        throw new FieldException("metadata holds U+0000 or half of a surrogate pair");
    }
}

/// <summary>A field of a client's frame is not what it must be.</summary>
public sealed class FieldException(string message, ErrorCode code = ErrorCode.BadField) : Exception(message)
{
    public ErrorCode Code => code;

    public Rejected ToRejected() => new(Code, Message);
}
