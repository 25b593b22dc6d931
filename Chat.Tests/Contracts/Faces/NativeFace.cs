using System.Text;
using System.Text.Json;

namespace Chat.Tests.Contracts.Faces;

/// <summary><c>/ws/{session_id}</c> (seed 003).</summary>
public sealed class NativeFace(ClientLibrary library) : Face
{
    public override ArchiveSign Archive => ArchiveSign.Event;

    public override Task<Key> AdmitAsync(FaceSession session, string name) => session.InviteAsync(name);

    protected override ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since) => new Client(world, library, session, key, since);

    private sealed class Client(FaceWorld world, ClientLibrary library, FaceSession session, Key key, long? since)
        : FrameClient(world, library, $"/ws/{Uri.EscapeDataString(session.Id)}{Query(key.Proof, since)}", key, session)
    {
        private readonly Dictionary<string, (string Author, StringBuilder Text)> _answers = [];

        public override IEnumerable<Mistake> Mistakes => [.. NoObjects, .. NoTypes, .. WrongTexts(text => new { type = "message", content = text }, longest: 20_000)];

        public override void Say(string text, string? clientMessageId = null) =>
            Send(new { type = "message", content = text, client_message_id = clientMessageId });

        protected override IEnumerable<Told> ReadFrame(string type, JsonElement frame)
        {
            if (frame.TryGetProperty("prev", out _) || Text(frame, "event") is "synced" || (Text(frame, "event") is "connected" && since is null))
            {
                Reach(Seq(frame)!.Value);
            }
            switch (type, Text(frame, "event"))
            {
                case ("message", _):
                    return [new Told.Said(Text(frame, "sender_name")!, Text(frame, "content")!, Text(frame, "message_id"), Seq(frame), Text(frame, "message_type")), .. Told.Attached.Read(frame)];
                case ("stream_start", _):
                    _answers[Text(frame, "message_id")!] = (Text(frame, "sender_name")!, new StringBuilder());
                    return [];
                case ("stream_chunk", _):
                    _answers[Text(frame, "message_id")!].Text.Append(Text(frame, "content"));
                    return [];
                case ("stream_end", _):
                    var (author, text) = _answers[Text(frame, "message_id")!];
                    return [new Told.Said(author, text.ToString(), Text(frame, "message_id"), Seq(frame), "stream")];
                case ("system", "user_joined"):
                    return [new Told.Came(Text(frame, "user_id")!)];
                case ("system", "user_left"):
                    return [new Told.Went(Text(frame, "user_id")!)];
                case ("system", "session_archived"):
                    return [new Told.Archived()];
                case ("pong", _):
                    return [new Told.Settled()];
                default:
                    return [new Told.Other(frame.ToString())];
            }
        }

        protected override void AskToSettle() => Send(new { type = "ping" });
    }
}
