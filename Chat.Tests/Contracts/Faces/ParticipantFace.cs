using System.Text.Json;

namespace Chat.Tests.Contracts.Faces;

/// <summary><c>/ws/{session_code}/{participant_id}</c> (seed 001), with the token of the join as proof.</summary>
public sealed class ParticipantFace(ClientLibrary library) : Face
{
    public override int LongestText => 500;

    public override ArchiveSign Archive => ArchiveSign.Close;

    public override Task<Key> AdmitAsync(FaceSession session, string name) => session.JoinAsync(name);

    protected override ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since) => new Client(world, library, session, key, since);

    private sealed class Client(FaceWorld world, ClientLibrary library, FaceSession session, Key key, long? since)
        : FrameClient(world, library, $"/ws/{session.Code}/{key.Id}{Query(key.Proof, since)}", key, session)
    {
        public override IEnumerable<Mistake> Mistakes => [.. NoObjects, .. NoTypes, .. WrongTexts(text => new { type = "chat_message", content = text }, longest: 500)];

        public override void Say(string text, string? clientMessageId = null) =>
            Send(new { type = "chat_message", content = text, client_message_id = clientMessageId });

        protected override IEnumerable<Told> ReadFrame(string type, JsonElement frame) => type switch
        {
            "chat_message" or "question" =>
            [
                new Told.Said(Text(frame, "participant_nickname")!, Text(frame, "content")!, Text(frame, "message_id"), Seq(frame), type == "question" ? type : null),
                .. Told.Attached.Read(frame),
            ],
            "participant_joined" => [new Told.Came(Text(frame, "participant_id") ?? "")],
            "participant_left" => [new Told.Went(Text(frame, "participant_id") ?? "")],
            _ => [new Told.Other(frame.ToString())],
        };
    }
}
