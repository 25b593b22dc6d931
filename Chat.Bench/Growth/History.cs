using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Chat.Bench.Clients;
using Chat.Bench.Faces;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary>A session whose messages are read back, and checked: how many there are, and that none is missing between them. Each reading returns when the answer was there.</summary>
internal sealed class History
{
    /// <summary>Of a page, and behind which one comes back.</summary>
    private const int Page = 50;

    /// <summary>Of <see cref="FillAsync"/>, without its times.</summary>
    public static readonly LoadSettings Settings = new() { Rooms = 1, Members = 1, Senders = 1, Users = 1, EndsWithAck = true };

    /// <summary>It ends when all messages are sent.</summary>
    private static readonly TimeSpan NoEnd = TimeSpan.FromDays(1);

    private readonly Site _site;
    private readonly string _token;
    private Faults _faults;
    private long _firstSeq;

    private History(Site site, string session, string token) => (_site, Session, _token) = (site, session, token);

    public string Session { get; }

    /// <summary>Messages that it should have.</summary>
    public int Count { get; private set; }

    private long LastSeq => _firstSeq + Count - 1;

    /// <param name="users">Its members: the first so many.</param>
    public static async Task<History> CreateAsync(Site site, int users, CancellationToken cancellation)
    {
        var token = await site.Tokens!.GetAsync(0, false, cancellation);
        var members = new JsonArray([.. Enumerable.Range(1, users - 1).Select(user => (JsonNode)site.UserId(user))]);
        using var answer = await site.PostAsync("/api/chat/sessions", token, new JsonObject { ["title"] = "history", ["members"] = members }, cancellation);
        return new History(site, answer.RootElement.GetProperty("session_id").GetString()!, token);
    }

    /// <summary>So many messages more, through one socket.</summary>
    /// <param name="user">A member that has sent nothing yet.</param>
    public Task<Outcome> FillAsync(LoadSettings settings, int user, int messages, int inFlight, Progress progress, CancellationToken cancellation) =>
        Sends.LoadAsync(
            _site,
            new Peer("chat", false, marker => new HistoryFace(marker, Session), null!),
            settings with { FirstUser = user, Messages = messages, InFlight = inFlight, Warmup = TimeSpan.Zero, Ramp = TimeSpan.Zero, Duration = NoEnd },
            progress,
            cancellation);

    /// <summary>So many messages have been acknowledged: are they there?</summary>
    public async Task LookAsync(int count, CancellationToken cancellation)
    {
        Count = count;
        using var oldest = await PageAsync("after=0&limit=1", cancellation);
        Expect(count, oldest.RootElement.GetProperty("total").GetInt32());
        _firstSeq = oldest.RootElement.GetProperty("messages")[0].GetProperty("seq").GetInt64();
    }

    public Task<long> ReadNewestAsync(CancellationToken cancellation) => ReadAsync($"limit={Page}", Count, cancellation);

    public Task<long> ReadMiddleAsync(CancellationToken cancellation) => ReadAsync($"limit={Page}&before={_firstSeq + (Count / 2)}", Count / 2, cancellation);

    public Task<long> ReadOldestAsync(CancellationToken cancellation) => ReadAsync($"limit={Page}&after={_firstSeq - 1}", Count, cancellation);

    /// <summary>A socket with a cursor that is behind, until it has caught up; then it leaves.</summary>
    public async Task<long> ComeBackAsync(CancellationToken cancellation)
    {
        var behind = Math.Min(Page, Count);
        var reader = new Latecomer(LastSeq - behind);
        await using var socket = await ClientSocket.ConnectAsync(new Uri(_site.Address, $"/ws/{Session}?since={LastSeq - behind}"), _token, reader, _ => { }, cancellation);
        var caughtUp = await reader.CaughtUp.WaitAsync(cancellation);
        await socket.CloseAsync(cancellation);
        Expect(behind, reader.Count);
        _faults += new Faults { Holes = reader.Order.Holes };
        return caughtUp;
    }

    public async Task<long> SendAsync(CancellationToken cancellation)
    {
        (await _site.PostAsync($"/api/chat/sessions/{Session}/messages", _token, new JsonObject { ["content"] = "one message more" }, cancellation)).Dispose();
        Count++;
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Found since the last call.</summary>
    public Faults TakeFaults()
    {
        var faults = _faults;
        _faults = default;
        return faults;
    }

    private async Task<long> ReadAsync(string query, int available, CancellationToken cancellation)
    {
        using var page = await PageAsync(query, cancellation);
        var now = Stopwatch.GetTimestamp();
        var seqs = page.RootElement.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("seq").GetInt64()).ToList();
        Expect(Math.Min(Page, available), seqs.Count);
        // Nothing but messages is stored after the first.
        _faults += new Faults { Holes = seqs.Zip(seqs.Skip(1)).Count(pair => pair.Second != pair.First + 1) };
        return now;
    }

    private Task<JsonDocument> PageAsync(string query, CancellationToken cancellation) => _site.GetAsync($"/api/chat/sessions/{Session}/messages?{query}", _token, cancellation);

    private void Expect(int expected, int found) => _faults += new Faults { Lost = Math.Max(0, expected - found), Doubled = Math.Max(0, found - expected) };

    /// <summary>Into a session that is there.</summary>
    private sealed class HistoryFace(byte[] marker, string session) : NativeFace(marker)
    {
        public override Task CreateAsync(Site site, Room room, CancellationToken cancellation)
        {
            room.Name = session;
            return Task.CompletedTask;
        }
    }

    /// <summary>Who comes back with a cursor.</summary>
    private sealed class Latecomer : ISocketReader
    {
        private readonly TaskCompletionSource<long> _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Latecomer(long since) => Order.TakeSeq(since, previous: -1);

        public OrderCheck Order { get; } = new(senders: 0);

        /// <summary>Stored frames that it was shown.</summary>
        public int Count { get; private set; }

        public Task<long> CaughtUp => _caughtUp.Task;

        public void Take(ReadOnlySpan<byte> payload, long now)
        {
            if (payload.StartsWith("{\"type\":\"system\",\"event\":\"synced\""u8))
            {
                _caughtUp.TrySetResult(now);
            }
            else if (Face.Number(payload, "\"prev\":"u8) is { } previous)
            {
                Count++;
                Order.TakeSeq(Face.Number(payload, "\"seq\":"u8) ?? -1, previous);
            }
        }

        public void Ended(string why) => _caughtUp.TrySetException(new IOException($"The connection ended: {why}"));
    }
}
