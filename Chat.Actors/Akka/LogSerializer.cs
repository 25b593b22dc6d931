using Akka.Actor;
using Akka.Serialization;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Actors.AkkaEngine;

/// <summary>An event as it is written, encoded once: what nodes may write can change between two looks.</summary>
internal sealed record LoggedEvent(SessionEvent Event, string Manifest, byte[] Payload);

/// <summary>A snapshot of another version, or a broken one: the log is read instead.</summary>
internal sealed record UnreadableSnapshot;

/// <summary>The same bytes and manifests in <c>journal</c> and <c>snapshot</c> as the default engine's.</summary>
/// <param name="codec">The node's.</param>
internal sealed class LogSerializer(ExtendedActorSystem system, EventCodec codec) : SerializerWithStringManifest(system)
{
    public override int Identifier => JournalFormat.SerializerId;

    public override string Manifest(object o) => o is LoggedEvent e ? e.Manifest : SessionSnapshot.Manifest;

    public override byte[] ToBinary(object obj) => obj switch
    {
        LoggedEvent e => e.Payload,
        SessionSnapshot snapshot => snapshot.ToBytes(),
        _ => throw new ArgumentException($"{obj.GetType()} does not stand in a log", nameof(obj)),
    };

    /// <exception cref="EventFormatException">A newer version has written it.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!manifest.StartsWith(SessionSnapshot.Manifest[..(SessionSnapshot.Manifest.IndexOf('/', StringComparison.Ordinal) + 1)], StringComparison.Ordinal))
        {
            return codec.Decode(manifest, bytes);
        }
        try
        {
            return manifest == SessionSnapshot.Manifest ? SessionSnapshot.FromBytes(bytes) : new UnreadableSnapshot();
        }
#pragma warning disable CA1031 // Whatever it is, the log is there.
        catch (Exception)
#pragma warning restore CA1031
        {
            return new UnreadableSnapshot();
        }
    }
}
