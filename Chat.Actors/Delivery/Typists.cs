using Chat.Protocol;

namespace Chat.Actors.Delivery;

/// <summary>Who is shown as typing in a session: switched off by itself, and not switched on too often.</summary>
/// <param name="showOwn">Shows it here and to the other nodes.</param>
/// <param name="showElsewhere">Shows here what another node has told.</param>
internal sealed class Typists(Action<PassingEvent> showOwn, Action<PassingEvent> showElsewhere, TimeProvider time)
{
    /// <summary>The node of a typist switches it off; this is for a word of it that is lost.</summary>
    private static readonly TimeSpan LifetimeElsewhere = Presence.TypingLifetime + TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Typist> _typing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITimer> _elsewhere = new(StringComparer.Ordinal);

    /// <summary>Of one who has a socket here.</summary>
    public void Set(Person who, bool isTyping)
    {
        lock (_gate)
        {
            if (_typing.TryGetValue(who.UserId, out var typist))
            {
                if (!typist.IsShown)
                {
                    typist.Waits = isTyping;
                }
                else if (isTyping)
                {
                    typist.Timer.Change(Presence.TypingLifetime, Timeout.InfiniteTimeSpan);
                }
                else
                {
                    Hide(typist);
                }
            }
            else if (isTyping)
            {
                _typing[who.UserId] = typist = new Typist(who);
                typist.Timer = time.CreateTimer(_ => Pass(who.UserId, typist), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                Show(typist);
            }
        }
    }

    /// <summary>As another node has shown it.</summary>
    public void SetElsewhere(Typing typing)
    {
        lock (_gate)
        {
            var wasShown = _elsewhere.Remove(typing.Who.UserId, out var timer);
            timer?.Dispose();
            if (typing.IsTyping)
            {
                _elsewhere[typing.Who.UserId] = time.CreateTimer(_ => HideElsewhere(typing.Who), null, LifetimeElsewhere, Timeout.InfiniteTimeSpan);
            }
            if (typing.IsTyping || wasShown)
            {
                showElsewhere(typing);
            }
        }
    }

    /// <summary>One who is nowhere any more.</summary>
    public void HideElsewhere(Person who) => SetElsewhere(new Typing(who, IsTyping: false, time.GetUtcNow()));

    private void Show(Typist typist)
    {
        typist.IsShown = true;
        typist.Waits = false;
        typist.ShownAt = time.GetTimestamp();
        typist.Timer.Change(Presence.TypingLifetime, Timeout.InfiniteTimeSpan);
        showOwn(new Typing(typist.Who, IsTyping: true, time.GetUtcNow()));
    }

    private void Hide(Typist typist)
    {
        typist.IsShown = false;
        var rest = Presence.TypingInterval - time.GetElapsedTime(typist.ShownAt);
        typist.Timer.Change(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        showOwn(new Typing(typist.Who, IsTyping: false, time.GetUtcNow()));
    }

    /// <summary>The typist's time is over: that of being shown, or of resting after it.</summary>
    private void Pass(string userId, Typist typist)
    {
        lock (_gate)
        {
            if (typist.IsShown)
            {
                Hide(typist);
            }
            else if (typist.Waits)
            {
                Show(typist);
            }
            else if (_typing.Remove(userId))
            {
                typist.Timer.Dispose();
            }
        }
    }

    /// <summary>One who is shown as typing, or was a moment ago.</summary>
    private sealed class Typist(Person who)
    {
        public Person Who { get; } = who;
        public ITimer Timer { get; set; } = null!;
        public bool IsShown { get; set; }

        /// <summary>Types again, which is to be shown when the interval ends.</summary>
        public bool Waits { get; set; }

        public long ShownAt { get; set; }
    }
}
