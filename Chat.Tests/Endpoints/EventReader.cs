using System.Net;
using System.Text.Json;

namespace Chat.Tests.Endpoints;

/// <summary>A client of server-sent events that takes one event after the other.</summary>
public sealed class EventReader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private EventReader(HttpResponseMessage response, StreamReader reader)
    {
        _response = response;
        _reader = reader;
    }

    public HttpResponseMessage Response => _response;

    /// <summary>Comments that have passed by.</summary>
    public int Pings { get; private set; }

    public static async Task<EventReader> OpenAsync(HttpClient http, HttpRequestMessage request, string? lastEventId = null)
    {
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.StatusCode == HttpStatusCode.OK, response.StatusCode == HttpStatusCode.OK ? "" : await response.Content.ReadAsStringAsync());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return new EventReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <summary>Null at the response's end.</summary>
    public async Task<SentEvent?> NextAsync()
    {
        long? id = null;
        string? data = null;
        while (await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { } line)
        {
            if (line.StartsWith(':'))
            {
                Pings++;
            }
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                Assert.Null(data);
                data = line[6..];
            }
            else
            {
                Assert.Equal("", line);
                if (data is not null)
                {
                    return new SentEvent(id!.Value, JsonSerializer.Deserialize<JsonElement>(data));
                }
            }
        }
        Assert.Null(data);
        return null;
    }

    public async Task<List<SentEvent>> RestAsync()
    {
        var events = new List<SentEvent>();
        while (await NextAsync() is { } e)
        {
            events.Add(e);
        }
        return events;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}

public sealed record SentEvent(long Id, JsonElement Data)
{
    public string Type => Data.GetProperty("type").GetString()!;
    public string MessageId => Data.GetProperty("message_id").GetString()!;
    public string Content => Data.GetProperty("content").GetString()!;
}
