using Chat.Protocol;
using Microsoft.Extensions.Logging;

namespace Chat.Actors.Cluster;

/// <summary>
/// Has this node write only such versions of events as every node reads. What some node did not read is written again when that has held no more for a while: an older
/// node that stands still, or is started once more, is still one of them. Calls come one after the other.
/// </summary>
public sealed partial class EventVersions
{
    private readonly EventCodec _codec;
    private readonly TimeSpan _hold;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>When some node was last seen that does not read it.</summary>
    private readonly Dictionary<string, long> _unreadAt = new(StringComparer.Ordinal);

    private HashSet<string> _written = [];

    /// <param name="codec">The node's. Until the others are known it writes what every version reads.</param>
    public EventVersions(EventCodec codec, TimeSpan hold, TimeProvider time, ILogger logger)
    {
        (_codec, _hold, _time, _logger) = (codec, hold, time, logger);
        Announcement = string.Join(' ', codec.Manifests);
        foreach (var manifest in codec.Manifests.Except(codec.FirstManifests))
        {
            _unreadAt[manifest] = time.GetTimestamp();
        }
        Update();
    }

    /// <summary>For <see cref="NodeInfo.Reads"/>.</summary>
    public string Announcement { get; }

    /// <summary>These nodes are there now.</summary>
    public void Note(IEnumerable<NodeInfo> nodes)
    {
        var now = _time.GetTimestamp();
        foreach (var announced in nodes.Select(node => node.Reads).Distinct().Where(reads => reads != Announcement))
        {
            // One that says nothing is of before the first second version.
            var read = announced?.Split(' ') ?? _codec.FirstManifests;
            foreach (var manifest in _codec.Manifests.Except(read))
            {
                _unreadAt[manifest] = now;
            }
        }
        foreach (var (manifest, _) in _unreadAt.Where(unread => _time.GetElapsedTime(unread.Value, now) > _hold))
        {
            _unreadAt.Remove(manifest);
        }
        Update();
    }

    private void Update()
    {
        var written = _codec.Manifests.Where(manifest => !_unreadAt.ContainsKey(manifest)).ToHashSet(StringComparer.Ordinal);
        if (written.SetEquals(_written))
        {
            return;
        }
        _written = written;
        _codec.WriteOnly(written);
        if (_unreadAt.Count > 0)
        {
            LogHeldBack(_logger, string.Join(", ", _unreadAt.Keys));
        }
        else
        {
            LogAll(_logger);
        }
    }

    [LoggerMessage(606, LogLevel.Information, "Not written, since not all nodes read it, or did not a while ago: {Manifests}")]
    private static partial void LogHeldBack(ILogger logger, string manifests);

    [LoggerMessage(607, LogLevel.Debug, "Every event is written in its newest version")]
    private static partial void LogAll(ILogger logger);
}
