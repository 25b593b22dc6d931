using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts.Faces;

/// <summary>One session under all of its names, and what its owner does to it over REST.</summary>
public sealed class FaceSession
{
    private const string Owner = "hana";

    private readonly TestServer _server;
    private readonly ConcurrentDictionary<string, string> _names = new() { ["1"] = "Echo", [Owner] = Owner };

    private FaceSession(TestServer server, JsonElement made, string? roomId, string channelUrl)
    {
        _server = server;
        Id = made.GetProperty("session_id").GetString()!;
        Code = made.GetProperty("session_code").GetString()!;
        RoomId = roomId;
        ChannelUrl = channelUrl;
    }

    public string Id { get; }
    public string Code { get; }

    /// <summary>Null where it is no room.</summary>
    public string? RoomId { get; }

    public string ChannelUrl { get; }

    /// <param name="agent">Who answers after each message; null for nobody.</param>
    public static async Task<FaceSession> CreateAsync(TestServer server, bool isRoom, int? agent = null)
    {
        var name = Guid.NewGuid().ToString("N");
        var (room, channel) = (isRoom ? $"방 {name}" : null, $"pod_{name}");
        var made = await SendAsync(server, HttpMethod.Post, "", new { title = "한 대화", joinable = true, room_id = room, open = room is not null, channel_url = channel, agent_id = agent });
        return new FaceSession(server, made, room, channel);
    }

    /// <summary>Takes this person in as a member.</summary>
    public async Task<Key> InviteAsync(string name)
    {
        if (_names.TryAdd(name, name))
        {
            await SendAsync(_server, HttpMethod.Post, $"/{Uri.EscapeDataString(Id)}/members", new { user_id = name, name });
        }
        return new Key(name, name, _server.Token(name));
    }

    /// <summary>Joins by the code and a nickname, as somebody whom the owner does not know.</summary>
    public async Task<Key> JoinAsync(string nickname)
    {
        using var response = await _server.Http.PostAsJsonAsync($"/api/participants/join/{Code}", new { nickname });
        var joined = await ReadAsync(response);
        var id = joined.GetProperty("participant").GetProperty("id").GetString()!;
        _names[id] = nickname;
        return new Key(nickname, id, joined.GetProperty("token").GetString());
    }

    /// <summary>By an id that a face shows; one that is not known stands for itself.</summary>
    public string NameOf(string id) => _names.GetValueOrDefault(id, id);

    /// <summary>Every message as REST has it.</summary>
    public async Task<IReadOnlyList<Told.Said>> HistoryAsync()
    {
        var messages = new List<Told.Said>();
        while (true)
        {
            var page = await SendAsync(_server, HttpMethod.Get, $"/{Uri.EscapeDataString(Id)}/messages?limit=200&after={messages.LastOrDefault()?.Seq ?? 0}");
            messages.AddRange(page.GetProperty("messages").EnumerateArray().Select(m => new Told.Said(
                m.GetProperty("sender_name").GetString()!,
                m.GetProperty("content").GetString()!,
                m.GetProperty("message_id").GetString()!,
                m.GetProperty("seq").GetInt64(),
                m.GetProperty("message_type").GetString()!)));
            if (!page.GetProperty("has_more").GetBoolean())
            {
                return messages;
            }
        }
    }

    public Task PostAsync(string content) => SendAsync(_server, HttpMethod.Post, $"/{Uri.EscapeDataString(Id)}/messages", new { content });

    public async Task UploadAsync(string name, string text, byte[] bytes)
    {
        using var form = new MultipartFormDataContent { { new StringContent(text), "message" }, { new ByteArrayContent(bytes), "file", name } };
        using var request = NewRequest(_server, HttpMethod.Post, $"/{Uri.EscapeDataString(Id)}/files");
        request.Content = form;
        using var response = await _server.Http.SendAsync(request);
        await ReadAsync(response);
    }

    /// <summary>Messages that begin with <c>{prefix}1</c>, <c>{prefix}2</c>, … in this order, past every face; returns the last one.</summary>
    /// <param name="padding">Characters after that.</param>
    public async Task<string> PourAsync(string prefix, int count, int padding)
    {
        var tail = new string('가', padding);
        foreach (var numbers in Enumerable.Range(1, count).Chunk(50))
        {
            await Task.WhenAll(numbers.Select(n => _server.PostAsync(Id, Owner, $"{prefix}{n} {tail}")));
        }
        return $"{prefix}{count} {tail}";
    }

    public Task RemoveAsync(Key member) => SendAsync(_server, HttpMethod.Delete, $"/{Uri.EscapeDataString(Id)}/members/{Uri.EscapeDataString(member.Id)}");

    public Task ArchiveAsync() => SendAsync(_server, HttpMethod.Delete, $"/{Uri.EscapeDataString(Id)}");

    private static async Task<JsonElement> SendAsync(TestServer server, HttpMethod method, string path, object? body = null)
    {
        using var request = NewRequest(server, method, path);
        request.Content = body is null ? null : JsonContent.Create(body, body.GetType());
        using var response = await server.Http.SendAsync(request);
        return await ReadAsync(response);
    }

    private static HttpRequestMessage NewRequest(TestServer server, HttpMethod method, string path) =>
        new(method, "/api/chat/sessions" + path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", server.Token(Owner)) } };

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage!.RequestUri}: {(int)response.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
