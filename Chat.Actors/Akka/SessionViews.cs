using System.Collections.Concurrent;
using Chat.Actors.Persistence;
using Chat.Actors.Runtime;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>Sessions as the log tells them, read on this node: whoever reads one asks no other node, and waits for none that has died.</summary>
internal sealed class SessionViews : IDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<SessionId, View> _views = new();
    private readonly SessionServices _services;
    private readonly ITimer _sweep;

    public SessionViews(SessionServices services)
    {
        _services = services;
        _sweep = services.Time.CreateTimer(_ => Sweep(), null, IdleTime, IdleTime);
    }

    /// <summary>As of the newest event that was durable at the call, or null where there is no such session.</summary>
    /// <exception cref="JournalUnavailableException" />
    public async ValueTask<SessionView?> ReadAsync(SessionId session, CancellationToken cancellation)
    {
        while (true)
        {
            var view = _views.GetOrAdd(session, static (id, services) => new View(id, services), _services);
            await view.Turn.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                if (!view.IsOver)
                {
                    return await view.ReadAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                view.Turn.Release();
            }
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        foreach (var (session, view) in _views)
        {
            if (_services.Time.GetElapsedTime(view.UsedAt) >= IdleTime && view.Turn.Wait(0))
            {
                view.IsOver = true;
                _views.TryRemove(KeyValuePair.Create(session, view));
                view.Turn.Release();
            }
        }
    }

#pragma warning disable CA1001 // The semaphore has no wait handle: nothing to dispose of.
    private sealed class View(SessionId session, SessionServices services)
#pragma warning restore CA1001
    {
        private readonly SessionLog _log = new(session, services, new SessionScope(session));
        private SessionState? _state;

        /// <summary>Held by the one who reads.</summary>
        public SemaphoreSlim Turn { get; } = new(1);

        public long UsedAt { get; private set; } = services.Time.GetTimestamp();

        public bool IsOver { get; set; }

        public async ValueTask<SessionView?> ReadAsync()
        {
            UsedAt = services.Time.GetTimestamp();
            try
            {
                _state = (await _log.ReadAsync(_state, published: -1, publishedNative: 0).ConfigureAwait(false)).State;
            }
            catch
            {
                // Part of what was read may have been applied to it.
                _state = null;
                throw;
            }
            return _state.Exists ? _state.ToView() : null;
        }
    }
}
