using System.Diagnostics;
using Chat.Bench.Clients;
using Chat.Bench.Faces;
using Chat.Bench.Measure;
using Chat.Bench.Reports;
using Chat.Bench.Servers;

namespace Chat.Bench.Load;

/// <summary>One load on one server, from making its rooms to checking what their members were shown.</summary>
internal sealed class LoadRun : IAsyncDisposable
{
    /// <summary>Handshakes under way at once: as many as keep a server busy without filling its backlog of connections.</summary>
    private const int Handshakes = 64;

    /// <summary>Nobody has come in for so long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Between two looks at who has come in.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    /// <summary>What has not come when nothing at all has come for so long is lost. Nodes of a cluster look every few seconds for what they have not told each other.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    private readonly LoadSettings _settings;
    private readonly Progress _progress;
    private readonly Timer _life;
    private readonly TaskCompletionSource _through = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopped;
    private long _ended;

    /// <param name="agents">Members of each room, its first, whose own socket counts no deliveries.</param>
    public LoadRun(Site site, Func<byte[], Face> face, LoadSettings settings, Progress progress, int agents = 0)
    {
        (Site, _settings, _progress) = (site, settings, progress);
        Marker = Stamp.NewMarker();
        Padding = [.. Enumerable.Repeat((byte)'x', Math.Max(0, settings.Size - Stamp.Length))];
        Face = face(Marker);
        Rooms = [.. Enumerable.Range(0, settings.Rooms).Select(room => new Room(room, room * settings.Members) { Receivers = settings.Members - agents })];
        foreach (var room in Rooms)
        {
            room.Members = [.. Enumerable.Range(0, settings.Members).Select(member => new Member(this, room, room.FirstMember + member) { IsAgent = member < agents })];
        }
        _life = new Timer(_ => ShowLife(), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
    }

    public Site Site { get; }
    public Face Face { get; }
    public byte[] Marker { get; }
    public byte[] Padding { get; }
    public IReadOnlyList<Room> Rooms { get; }
    public Tally Tally { get; } = new();
    public Pacer Pacer { get; } = new();
    public int SendersPerRoom => _settings.Senders;
    public int InFlight => _settings.InFlight;
    public bool EndsWithAck => _settings.EndsWithAck;
    public bool IsStopped => _isStopped;

    /// <summary>That a sender sends.</summary>
    public int Messages => _settings.Messages == 0 ? int.MaxValue : _settings.Messages;

    /// <summary>All of them are through or refused; never ends where they have no end.</summary>
    public Task Through => _through.Task;

    private IEnumerable<Member> Members => Rooms.SelectMany(room => room.Members);

    private IEnumerable<Member> Senders => Rooms.SelectMany(room => room.Members.Take(_settings.Senders));

    public string UserId(int member) => Site.UserId(UserOf(member));

    /// <summary>Makes the rooms and brings everyone in.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        _progress.Say($"{Face.Name}: {_settings.Rooms} x {_settings.Members} members come in");
        await CreateAsync(cancellation);
        await EnterAsync(cancellation);
    }

    /// <summary>Brings everyone into the rooms that are made.</summary>
    public async Task EnterAsync(CancellationToken cancellation)
    {
        await ConnectAsync(Members, cancellation);
        await ProbeAsync(cancellation);
    }

    public async Task CreateAsync(CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Handshakes, CancellationToken = cancellation };
        if (Site.Tokens is { } tokens)
        {
            await Parallel.ForEachAsync(Members, parallel, async (member, cancellation) =>
                member.Token = await tokens.GetAsync(UserOf(member.Number), member.IsAgent, cancellation));
        }
        await Parallel.ForEachAsync(Rooms, parallel, async (room, cancellation) => await Face.CreateAsync(Site, room, cancellation));
        await EventLoop.LeaveAsync();
    }

    public static async Task ConnectAsync(IEnumerable<Member> members, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Handshakes, CancellationToken = cancellation };
        await Parallel.ForEachAsync(members, parallel, async (member, cancellation) => await member.ConnectAsync(cancellation));
        await EventLoop.LeaveAsync();
    }

    /// <summary>Returns when every member is shown what is posted. Where the face does not tell, messages find out.</summary>
    public async Task ProbeAsync(CancellationToken cancellation)
    {
        var (ready, silent) = (0, TimeSpan.Zero);
        for (var waited = TimeSpan.Zero; Members.Count(member => member.IsReady) is var now && now < _settings.Rooms * _settings.Members; waited += Glance)
        {
            (ready, silent) = (now, now > ready ? TimeSpan.Zero : silent + Glance);
            if (silent >= Patience || Tally.Ends > 0 || Tally.Refused > 0)
            {
                throw new BenchException($"{Members.Count(member => !member.IsReady)} of {_settings.Rooms * _settings.Members} members did not come in. {Tally.FirstTrouble}");
            }
            if (waited.TotalSeconds % 1 == 0 && !Face.TellsEntry)
            {
                foreach (var room in Rooms.Where(room => !room.Members.All(member => member.IsReady)))
                {
                    room.Members[^1].PostProbe();
                }
            }
            await Task.Delay(Glance, cancellation);
        }
    }

    /// <summary>
    /// Messages at the rate, whatever becomes of them; or, with messages in flight, the next one when one is through. Where they have an end they begin with the
    /// measured time, so that all of them count.
    /// </summary>
    public void Begin()
    {
        if (_settings.Messages == 0)
        {
            BeginNow();
        }
    }

    /// <summary>A message of that sender is through.</summary>
    public void Complete(Member sender, long now)
    {
        EndIfThrough();
        if (_settings.Think == TimeSpan.Zero && _settings.InFlight > 0 && !_isStopped)
        {
            sender.Post(now);
        }
        else
        {
            CompleteLater(sender, now + ThinkTicks());
        }
    }

    /// <summary>A message of that sender was refused: the next one would be too, were it sent at once.</summary>
    public void Refuse(Member sender, long now)
    {
        EndIfThrough();
        CompleteLater(sender, now + Ticks(AfterRefusal));
    }

    public long ThinkTicks() => Ticks(_settings.Think * -Math.Log(1 - Random.Shared.NextDouble()));

    /// <summary>Waits for the warm-up and the measured time, ends the load, and says what it was.</summary>
    /// <param name="unit">What is counted.</param>
    /// <param name="count">How many of it there have been so far.</param>
    /// <param name="latency">Of it.</param>
    public async Task<Outcome> MeasureAsync(string unit, Func<long> count, Histogram latency, CancellationToken cancellation)
    {
        Tally.Watched = latency;
        await _progress.WatchAsync(this, "warm-up", unit, count, _settings.Warmup + _settings.Ramp, cancellation);
        var (before, own, begun) = (await Site.UsageAsync(cancellation), ProcessUsage.OfThis(), Stopwatch.GetTimestamp());
        var counted = count();
        Tally.BeginWindow(begun);
        if (_settings.Messages > 0)
        {
            BeginNow();
        }
        var timeline = await _progress.WatchAsync(this, "measured", unit, count, _settings.Duration, cancellation);
        var ended = Stopwatch.GetTimestamp();
        Tally.EndWindow(ended);
        counted = count() - counted;
        var (after, ownAfter) = (await Site.UsageAsync(cancellation), ProcessUsage.OfThis());
        await StopAsync(cancellation);
        var seconds = Stopwatch.GetElapsedTime(begun, ended).TotalSeconds;
        return new Outcome
        {
            Unit = unit,
            Seconds = seconds,
            Count = counted,
            PerSecond = counted / seconds,
            Latency = latency.Summary(),
            CpuMicroseconds = ProcessUsage.CpuOfEach(before, after, counted) * 1e6,
            ServerCpu = (after?.Cpu - before?.Cpu) / seconds,
            MemoryMb = after?.Memory / 1e6,
            MemoryGrowthMb = (after?.Memory - before?.Memory) / 1e6,
            BenchCpu = (ownAfter.Cpu - own.Cpu) / seconds,
            SendLateness = Pacer.Lateness.Count > 0 && (_settings.InFlight == 0 || _settings.Think > TimeSpan.Zero) ? Pacer.Lateness.Summary().P99 : null,
            Faults = Check(),
            Timeline = timeline,
            PassedOver = Tally.PassedOver,
            Refused = Tally.Refused,
            Ends = Tally.Ends,
            Trouble = Tally.FirstTrouble,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _isStopped = true;
        await _life.DisposeAsync();
        Pacer.Dispose();
        Tally.BeginClosing();
        foreach (var member in Members)
        {
            await member.DisposeAsync();
        }
    }

    private void BeginNow()
    {
        var begin = Stopwatch.GetTimestamp();
        if (_settings.InFlight == 0)
        {
            var rhythm = new Rhythm(_settings.Rate / Rooms[0].Receivers, _settings.Ramp);
            var number = 0L;
            Pacer.At(begin, Post);

            void Post(long due)
            {
                if (!_isStopped)
                {
                    var room = Rooms[(int)(number % Rooms.Count)];
                    room.Members[(int)(number / Rooms.Count % _settings.Senders)].Post(due);
                    Pacer.At(begin + rhythm.Due(++number), Post);
                }
            }
            return;
        }
        var senders = Senders.ToList();
        for (var i = 0; i < senders.Count; i++)
        {
            var sender = senders[i];
            Pacer.At(begin + Ticks(_settings.Ramp * ((double)i / senders.Count)), _ =>
            {
                for (var message = 0; message < _settings.InFlight && !_isStopped; message++)
                {
                    sender.Post(Stopwatch.GetTimestamp());
                }
            });
        }
    }

    private void CompleteLater(Member sender, long due)
    {
        if (_settings.InFlight > 0 && !_isStopped)
        {
            Pacer.At(due, due => sender.Post(due));
        }
    }

    private void EndIfThrough()
    {
        if (_settings.Messages > 0 && Interlocked.Increment(ref _ended) == (long)_settings.Messages * _settings.Rooms * _settings.Senders)
        {
            _through.TrySetResult();
        }
    }

    private int UserOf(int member) => _settings.FirstUser + (member % _settings.Users);

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Sends no more, and returns when everything sent has been shown or nothing comes any more.</summary>
    private async Task StopAsync(CancellationToken cancellation)
    {
        _isStopped = true;
        Pacer.Dispose();
        await Task.Delay(50, cancellation);
        var expected = Rooms.Sum(room => room.Members.Sum(member => (long)member.Posted) * room.Receivers);
        var (shown, since) = (-1L, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(since) < Silence)
        {
            var now = Shown();
            // One that was refused because it was not known to be stored may be shown all the same: then the sum says nothing.
            if (now >= expected && (Tally.Refused == 0 || Check().Lost == 0))
            {
                return;
            }
            if (now > shown)
            {
                (shown, since) = (now, Stopwatch.GetTimestamp());
            }
            await Task.Delay(Tally.Refused == 0 ? 20 : 500, cancellation);
        }

        long Shown() => Tally.Deliveries + Tally.PassedOver + (Tally.Refused * Rooms[0].Receivers);
    }

    private Faults Check()
    {
        var faults = new Faults { Stray = Tally.Stray };
        foreach (var room in Rooms)
        {
            var posted = room.Members.Take(_settings.Senders).Select(member => member.Posted).ToList();
            foreach (var order in room.Members.Where(member => !member.IsAgent).Select(member => member.Order))
            {
                faults += new Faults
                {
                    Lost = Enumerable.Range(0, posted.Count).Sum(sender => order.Lost(sender, posted[sender], (sender, index) => !room.IsRefused(sender, index))),
                    Doubled = order.Doubled,
                    Disordered = order.Disordered,
                    Holes = order.Holes,
                };
            }
        }
        return faults;
    }

    private void ShowLife()
    {
        if (Face.SignOfLife.Length > 0 && !_isStopped)
        {
            foreach (var member in Members)
            {
                member.SendLife(Face.SignOfLife);
            }
        }
    }
}
