using System.Text.Json;

namespace Chat.Tests.Contracts.Faces;

/// <summary><c>/api/v1/chat/ws/{channel_url}</c> (seed 004).</summary>
public sealed class ChannelFace(ClientLibrary library) : Face
{
    public override ArchiveSign Archive => ArchiveSign.Close;

    public override Task<Key> AdmitAsync(FaceSession session, string name) => session.InviteAsync(name);

    protected override ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since) => new Client(world, library, session, key, since);

    private sealed class Client(FaceWorld world, ClientLibrary library, FaceSession session, Key key, long? since)
        : FrameClient(world, library, $"/api/v1/chat/ws/{session.ChannelUrl}{Query(key.Proof, since)}", key, session)
    {
        public override IEnumerable<Mistake> Mistakes => [.. NoObjects, .. NoTypes, .. WrongTexts(text => new { type = "MESG", message = text }, longest: 20_000)];

        public override void Say(string text, string? clientMessageId = null) => Send(new { type = "MESG", message = text, client_message_id = clientMessageId });

        protected override IEnumerable<Told> ReadFrame(string type, JsonElement frame) => type switch
        {
            "MESG" or "FILE" or "IMAGE" =>
            [
                new Told.Said(Session.NameOf(User(frame)), Text(frame, "message")!, Text(frame, "message_id"), Seq(frame), type == "MESG" ? null : "file"),
                .. Told.Attached.Read(frame),
            ],
            "USER_JOINED" => [new Told.Came(User(frame))],
            "USER_LEFT" => [new Told.Went(User(frame))],
            _ => [new Told.Other(frame.ToString())],
        };

        /// <summary>A number where the id is one.</summary>
        private static string User(JsonElement frame) => frame.GetProperty("user_id").ToString();
    }
}
