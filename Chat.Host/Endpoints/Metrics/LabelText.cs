using System.Globalization;

namespace Chat.Host.Endpoints.Metrics;

/// <summary>Tags as Prometheus labels, <c>a="x",b="y"</c> by name, in a buffer of the caller's that grows on the heap when it must.</summary>
internal ref struct LabelText(Span<char> buffer)
{
    private Span<char> _buffer = buffer;
    private int _length;

    public readonly ReadOnlySpan<char> Text => _buffer[.._length];

    public void Append(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // Callers need not agree on an order; a handful of tags needs no sort but this one.
        string? last = null;
        for (var written = 0; written < tags.Length; written++)
        {
            string? next = null;
            object? value = null;
            foreach (var (name, candidate) in tags)
            {
                if ((last is null || string.CompareOrdinal(name, last) > 0) && (next is null || string.CompareOrdinal(name, next) < 0))
                {
                    (next, value) = (name, candidate);
                }
            }
            if (next is null)
            {
                return;
            }
            if (written > 0)
            {
                Append(',');
            }
            foreach (var c in next)
            {
                Append(PrometheusNames.IsLabel(c) ? c : '_');
            }
            Append('=');
            Append('"');
            AppendEscaped(value switch
            {
                null => "",
                string text => text,
                bool flag => flag ? "true" : "false",
                IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
                _ => value.ToString(),
            });
            Append('"');
            last = next;
        }
    }

    private void AppendEscaped(ReadOnlySpan<char> value)
    {
        foreach (var c in value)
        {
            switch (c)
            {
                case '\\' or '"':
                    Append('\\');
                    Append(c);
                    break;
                case '\n':
                    Append('\\');
                    Append('n');
                    break;
                default:
                    Append(c);
                    break;
            }
        }
    }

    private void Append(char c)
    {
        if (_length == _buffer.Length)
        {
            var larger = new char[_buffer.Length * 2];
            _buffer.CopyTo(larger);
            _buffer = larger;
        }
        _buffer[_length++] = c;
    }
}
