using System.Buffers;
using System.Buffers.Text;
using Chat.Bench.Load;
using Chat.Bench.Servers;

namespace Chat.Bench.Faces;

/// <summary>How one wire protocol is spoken, as far as load needs it: how a member comes in, what a message looks like, and how one is recognised.</summary>
internal abstract class Face
{
    public abstract string Name { get; }

    /// <summary>A frame shows the newest messages, and a slow reader is not shown those between.</summary>
    public virtual bool ShowsNewestOnly => false;

    /// <summary>The server says when a member is in; else only what is posted shows it.</summary>
    public virtual bool TellsEntry => false;

    /// <summary>Makes the room and lets its members in, where the server has to know them before they come; sets its name.</summary>
    public abstract Task CreateAsync(Site site, Room room, CancellationToken cancellation);

    /// <summary>The socket's address, and the token that goes with it in a header.</summary>
    public abstract (Uri Address, string? Token) Door(Site site, Member member);

    /// <summary>After the handshake; sends what has to be sent first.</summary>
    public virtual void Enter(Member member)
    {
    }

    /// <summary>What a client has to send now and then to be kept; empty for nothing.</summary>
    public virtual ReadOnlySpan<byte> SignOfLife => [];

    /// <param name="padding">The rest of the content.</param>
    public abstract void WriteMessage(IBufferWriter<byte> frame, Member sender, int index, ReadOnlySpan<byte> stamp, ReadOnlySpan<byte> padding);

    /// <summary>Tells the member what the frame shows, acknowledges or refuses.</summary>
    public abstract void Take(ReadOnlySpan<byte> frame, Member member, long now);

    /// <summary>Finds the next message in what is left of a frame.</summary>
    protected static bool TryFind(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> marker, out Stamp stamp)
    {
        var at = rest.IndexOf(marker);
        if (at < 0 || !Stamp.TryRead(rest[(at + Stamp.MarkerLength)..], out stamp))
        {
            stamp = default;
            return false;
        }
        rest = rest[(at + Stamp.Length)..];
        return true;
    }

    /// <param name="key">With its quotes and colon.</param>
    public static long? Number(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var at = json.IndexOf(key);
        return at >= 0 && Utf8Parser.TryParse(json[(at + key.Length)..], out long number, out _) ? number : null;
    }

    /// <summary>The index in a client id, as <see cref="WriteId"/> writes it; -1 where there is none.</summary>
    protected static int IndexOfId(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        var at = json.IndexOf(key);
        return at >= 0 && Stamp.TryReadId(json[(at + key.Length)..], out _, out var index) ? index : -1;
    }

    protected static void WriteId(IBufferWriter<byte> frame, Member sender, int index)
    {
        new Stamp(sender.Number, index, 0).WriteId(frame.GetSpan(Stamp.IdLength));
        frame.Advance(Stamp.IdLength);
    }
}
