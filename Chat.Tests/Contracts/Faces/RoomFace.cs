using System.Text.Json;

namespace Chat.Tests.Contracts.Faces;

/// <summary><c>/ws/chat/{room_id}</c> (seed 002). Every frame is the list of the newest messages, which the client puts to those that it has.</summary>
public sealed class RoomFace(ClientLibrary library) : Face
{
    public override bool IsRoom => true;

    public override ArchiveSign Archive => ArchiveSign.Close;

    public override Task<Key> AdmitAsync(FaceSession session, string name) => session.InviteAsync(name);

    protected override ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since) => new Client(world, library, session, key);

    private sealed class Client(FaceWorld world, ClientLibrary library, FaceSession session, Key key)
        : FrameClient(world, library, $"/ws/chat/{Uri.EscapeDataString(session.RoomId!)}{Query(key.Proof, since: null)}", key, session)
    {
        private readonly List<Entry> _entries = [];

        public override IEnumerable<Mistake> Mistakes =>
        [
            .. NoObjects,
            new("no content", () => Send(new { username = "mina" }), "BAD_FIELD"),
            .. WrongTexts(text => new { username = "mina", content = text }, longest: 20_000),
            new("a username that is a number", () => Send(new { username = 5, content = "안녕" }), "BAD_FIELD"),
            new("a blank username", () => Send(new { username = " ", content = "안녕" }), "BAD_FIELD"),
        ];

        public override void Say(string text, string? clientMessageId = null) =>
            Send(new { username = Key.Name, content = text, client_message_id = clientMessageId });

        protected override IEnumerable<Told> ReadFrame(string type, JsonElement frame)
        {
            if (type != "messages")
            {
                return [new Told.Other(frame.ToString())];
            }
            var list = frame.GetProperty("messages").EnumerateArray().Select(Read).ToList();
            var known = Math.Min(list.Count, _entries.Count);
            while (known > 0 && !_entries.TakeLast(known).SequenceEqual(list.Take(known)))
            {
                known--;
            }
            _entries.AddRange(list.Skip(known));
            return
            [
                .. list.Skip(known).SelectMany(entry => new Told?[] { new Told.Said(entry.Username, entry.Content, Id: null, Seq: null, Type: null), entry.File }).OfType<Told>(),
            ];
        }

        // A frame of this face has no type.
        protected override void AskToSettle() => Send(new { content = 0, client_message_id = "settle" });

        protected override bool IsSettling(JsonElement error) => Text(error, "client_message_id") == "settle";

        private static Entry Read(JsonElement message) =>
            new(message.GetProperty("username").GetString()!, message.GetProperty("content").GetString()!, message.GetProperty("timestamp").GetString()!, Told.Attached.Read(message).SingleOrDefault());
    }

    private sealed record Entry(string Username, string Content, string Timestamp, Told.Attached? File);
}
