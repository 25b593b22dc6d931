using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Chat.Bench.Clients;
using Chat.Bench.Load;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Scenarios;
using Chat.Bench.Servers;

namespace Chat.Bench.Growth;

/// <summary><c>growth search</c>: messages of many sessions of one server, and the time of searches, one at a time, by one who is in all of them and one who is in ten.</summary>
internal sealed class SearchCurve() : Curve("search", "Messages of 1,000 sessions: searches for what is common, rare and not there, by a member of all sessions and of ten", "messages", "100000,1000000", most: 10_000_000)
{
    private const int Sessions = 1_000;

    /// <summary>Of the second searcher, spread over all.</summary>
    private const int Few = 10;

    /// <summary>Requests under way at once while it is filled.</summary>
    private const int Requests = 64;

    /// <summary>Users by their numbers; each session's owner writes in it.</summary>
    private const int InAll = 0, InFew = 1, FirstOwner = 2;

    /// <summary>Some minutes.</summary>
    private const int MostTries = 60;

    /// <summary>Hits of a page unless told.</summary>
    private const int Page = 20;

    private static readonly (string Name, string Query, bool IsThere)[] Queries =
    [
        ("common, 2", Corpus.CommonPair, true),
        ("common, 20", Corpus.CommonPhrase, true),
        ("rare, 2", Corpus.RarePhrase[..2], true),
        ("rare, 20", Corpus.RarePhrase, true),
        ("absent, 2", Corpus.AbsentPair, false),
        ("absent, 20", Corpus.AbsentPhrase, false),
    ];

    protected override int SocketsAt(ParseResult parsed, int step) => Requests;

    protected override async Task<IReadOnlyList<Outcome>> LoadAsync(ParseResult parsed, Peer peer, Site site, Progress progress, CancellationToken cancellation)
    {
        var times = Measured.Apply(parsed, new LoadSettings { Rooms = 1, Members = 1, Senders = 1, Users = 1 });
        var (corpus, outcomes) = (new Corpus(), new List<Outcome>());
        var sessions = await MakeAsync(site, cancellation);
        foreach (var step in Steps(parsed).Order())
        {
            var begun = Stopwatch.GetTimestamp();
            var added = step - corpus.Count;
            await FillAsync(site, sessions, corpus, step, progress, cancellation);
            var filled = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            await CatchUpAsync(site, cancellation);
            var figures = new Dictionary<string, double?> { ["fill_sends_per_s"] = added / filled, ["shown_after_s"] = Stopwatch.GetElapsedTime(begun).TotalSeconds - filled };
            foreach (var (searcher, who) in new[] { (InAll, "in all"), (InFew, $"in {Few}") })
            {
                foreach (var query in Queries)
                {
                    progress.Say($"{NameOf(step)}, {who}, {query.Name}");
                    await SearchAsync(site, searcher, query, times.Warmup, cancellation);
                    var outcome = await SearchAsync(site, searcher, query, times.Duration, cancellation);
                    outcomes.Add(outcome with { Variant = $"{NameOf(step)}, {who}: {query.Name}", Figures = new Dictionary<string, double?>(figures) { ["hits"] = outcome.Figures!["hits"] } });
                }
            }
        }
        return outcomes;
    }

    private static async Task<string[]> MakeAsync(Site site, CancellationToken cancellation)
    {
        var sessions = new string[Sessions];
        await Parallel.ForAsync(0, Sessions, new ParallelOptions { MaxDegreeOfParallelism = Requests, CancellationToken = cancellation }, async (i, cancellation) =>
        {
            var members = new JsonArray(site.UserId(InAll));
            if (i % (Sessions / Few) == 0)
            {
                members.Add((JsonNode)site.UserId(InFew));
            }
            var token = await site.Tokens!.GetAsync(FirstOwner + i, false, cancellation);
            using var session = await site.PostAsync("/api/chat/sessions", token, new JsonObject { ["title"] = $"session {i}", ["members"] = members }, cancellation);
            sessions[i] = session.RootElement.GetProperty("session_id").GetString()!;
        });
        await EventLoop.LeaveAsync();
        return sessions;
    }

    /// <summary>The sessions in turn, so that everyone's are filled alike.</summary>
    private static async Task FillAsync(Site site, string[] sessions, Corpus corpus, int count, Progress progress, CancellationToken cancellation)
    {
        var next = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => Task.Run(FillAsync, cancellation)));
        await EventLoop.LeaveAsync();

        async Task FillAsync()
        {
            while (true)
            {
                int number;
                string content;
                lock (next)
                {
                    if (corpus.Count >= count)
                    {
                        return;
                    }
                    (content, number) = (corpus.Next(), corpus.Count);
                }
                if (number % 20_000 == 0)
                {
                    progress.Say($"{number:N0} of {count:N0} messages are sent");
                }
                var session = number * 7 % Sessions;
                var token = await site.Tokens!.GetAsync(FirstOwner + session, false, cancellation);
                (await site.PostAsync($"/api/chat/sessions/{sessions[session]}/messages", token, new JsonObject { ["content"] = content }, cancellation)).Dispose();
            }
        }
    }

    /// <summary>A server whose processors are taken may be behind with its read model, and then answers no search.</summary>
    private static async Task CatchUpAsync(Site site, CancellationToken cancellation)
    {
        var token = await site.Tokens!.GetAsync(InFew, false, cancellation);
        for (var tries = 1; ; tries++)
        {
            try
            {
                (await site.GetAsync($"/api/chat/search?q={Uri.EscapeDataString(Corpus.AbsentPair)}", token, cancellation)).Dispose();
                return;
            }
            catch (BenchException) when (tries < MostTries)
            {
                // It has waited for the read model itself, some seconds.
            }
        }
    }

    private static async Task<Outcome> SearchAsync(Site site, int searcher, (string Name, string Query, bool IsThere) query, TimeSpan time, CancellationToken cancellation)
    {
        var token = await site.Tokens!.GetAsync(searcher, false, cancellation);
        var address = $"/api/chat/search?q={Uri.EscapeDataString(query.Query)}&limit={Page}";
        var (hits, faults) = (0, new Faults());
        var outcome = await RepeatAsync(site, time, SearchAsync, cancellation);
        return outcome with { Unit = "searches", Faults = faults, Figures = new Dictionary<string, double?> { ["hits"] = hits } };

        async Task<long> SearchAsync(CancellationToken cancellation)
        {
            using var answer = await site.GetAsync(address, token, cancellation);
            var now = Stopwatch.GetTimestamp();
            hits = answer.RootElement.GetProperty("hits").GetArrayLength();
            faults += query.IsThere ? new Faults { Lost = hits == 0 ? 1 : 0 } : new Faults { Stray = hits };
            return now;
        }
    }
}
