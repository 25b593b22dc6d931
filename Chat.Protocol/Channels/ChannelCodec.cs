using System.Globalization;
using System.Text.Json;

namespace Chat.Protocol;

/// <summary>
/// Stored and passing events as frames of the channel WebSocket (seed 004), with <c>message_id</c> and <c>seq</c>, the cursor to come back with, added to
/// the stored ones. Codecs of one session are equal: a session has one channel.
/// </summary>
public sealed class ChannelCodec(string channelUrl) : FaceCodec
{
    /// <summary>Beyond it a client that reads JSON numbers as doubles takes one user for another (RFC 8259 §6).</summary>
    private const long MostExact = (1L << 53) - 1;

    private static readonly int Slot = NewIndex();

    public override int Index => Slot;

    public override bool EndsWithArchive => true;

    public override Frame? Encode(long seq, long previous, SessionEvent e) => e switch
    {
        FilePosted f => Message(f.File.IsImage ? "IMAGE" : "FILE", seq, f.MessageId, f.SenderId, f.Content, f.At, f.File),
        MessagePosted m => Message("MESG", seq, m.MessageId, m.SenderId, m.Content, m.At),
        // An answer that was stopped before its first word is nothing to be shown here.
        StreamEnded { Content.Length: > 0 } s => Message("MESG", seq, s.MessageId, s.SenderId, s.Content, s.At),
        _ => null,
    };

    public override Frame? Encode(PassingEvent e) => e switch
    {
        UserJoined u => JsonFrame.Write("USER_JOINED", (u, channelUrl), static (w, s) =>
        {
            WriteWho(w, s.channelUrl, s.u.Who.UserId);
            w.WriteTime("timestamp"u8, s.u.At);
        }),
        UserLeft u => JsonFrame.Write("USER_LEFT", (u, channelUrl), static (w, s) => WriteWho(w, s.channelUrl, s.u.Who.UserId)),
        _ => null,
    };

    private Frame Message(string type, long seq, MessageId id, string userId, string content, DateTimeOffset at, PostedFile? file = null) =>
        JsonFrame.Write(type, (channelUrl, seq, id, userId, content, at, file), static (w, s) =>
        {
            WriteWho(w, s.channelUrl, s.userId);
            w.WriteString("message"u8, s.content);
            w.WriteTime("timestamp"u8, s.at);
            w.WriteString("message_id"u8, s.id.Value);
            w.WriteNumber("seq"u8, s.seq);
            s.file?.Write(w);
        });

    /// <summary>A user id that is an integer as JSON writes it is a number, as in the seed; every other one is a string.</summary>
    private static void WriteWho(Utf8JsonWriter w, string channelUrl, string userId)
    {
        w.WriteString("channel_url"u8, channelUrl);
        if (long.TryParse(userId, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number is >= -MostExact and <= MostExact && number.ToString(CultureInfo.InvariantCulture) == userId)
        {
            w.WriteNumber("user_id"u8, number);
        }
        else
        {
            w.WriteString("user_id"u8, userId);
        }
    }
}
