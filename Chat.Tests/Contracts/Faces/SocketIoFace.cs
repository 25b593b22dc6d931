using System.Text.Json;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts.Faces;

/// <summary><c>/socket.io/</c> (seed 000), as a participant with the token of the join as proof.</summary>
/// <param name="transports">Of Engine.IO, in this order: polling before websocket begins with the one and goes over to the other.</param>
public sealed class SocketIoFace(params string[] transports) : Face
{
    public override int LongestText => 500;

    public override ArchiveSign Archive => ArchiveSign.Refusal;

    /// <summary>Polling has no close codes, only the status of a request that was too large.</summary>
    public override int Shown(int closeCode) => transports[^1] == "websocket" ? closeCode : closeCode == 1009 ? 413 : 1006;

    public override Task<Key> AdmitAsync(FaceSession session, string name) => session.JoinAsync(name);

    public override async Task<ContractClient> KnockAsync(FaceWorld world, FaceSession session, Key key, long? since = null)
    {
        var client = (Client)await base.KnockAsync(world, session, key, since);
        client.Join();
        // What is sent meanwhile goes over with it.
        await client.ExpectAsync<Told.Carried>(t => t.By == transports[^1]);
        return client;
    }

    protected override ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since) => new Client(world, transports, session, key, since);

    private sealed class Client : ContractClient
    {
        private int _asked;

        public Client(FaceWorld world, string[] transports, FaceSession session, Key key, long? since)
            : base(world.ProgramOf(ClientLibrary.SocketIo), key, session)
        {
            Dictionary<string, object> auth = [];
            if (key.Proof is { } token)
            {
                auth["token"] = token;
            }
            if (since is { } seq)
            {
                auth["since"] = seq;
            }
            Open(new { library = "socket.io", url = world.Server.Address, options = new { transports, auth } });
        }

        public override IEnumerable<Mistake> Mistakes
        {
            get
            {
                yield return new("no argument", () => Emit("send_message"), "BAD_FIELD");
                yield return new("a string", () => Emit("send_message", "안녕"), "BAD_FIELD");
                yield return new("an array", () => Emit("send_message", new[] { "안녕" }), "BAD_FIELD");
                yield return new("a text that is a number", () => Emit("send_message", new { message = 5 }), "BAD_FIELD");
                yield return new("U+0000", () => Emit("send_message", new { message = "a\0b" }), "BAD_FIELD");
                yield return new("an unknown message_type", () => Emit("send_message", new { message = "안녕", message_type = "telepathy" }), "BAD_FIELD");
                yield return new("no text", () => Emit("send_message", new { }), "EMPTY_MESSAGE");
                yield return new("white space", () => Emit("send_message", new { message = " \n\t " }), "EMPTY_MESSAGE");
                yield return new("too long a text", () => Emit("send_message", new { message = new string('x', 501) }), "TOO_LONG");
                yield return new("a join without a nickname", () => Emit("join_session", new { session_id = Session.Id }), "BAD_FIELD");
                yield return new("an unknown event", () => Emit("teleport", new { }), "UNKNOWN_TYPE");
            }
        }

        public void Join() => Emit("join_session", new { session_id = Session.Id, participant_id = Key.Id, nickname = Key.Name });

        public override void Say(string text, string? clientMessageId = null)
        {
            if (clientMessageId is null)
            {
                Emit("send_message", new { message = text });
            }
            else
            {
                // The acknowledgement is Socket.IO's own, so the repeat of a send has to be told apart from it by a name of its own.
                Do("emit", new
                {
                    @event = "send_message",
                    arguments = new[] { new { message = text, client_message_id = clientMessageId } },
                    ack = $"send:{clientMessageId}",
                });
            }
        }

        public override void SayTooMuch(int bytes) => Emit("send_message", new { message = new string('x', bytes) });

        protected override void AskToSettle() => Do("emit", new { @event = "activity", arguments = new[] { new { } }, ack = $"settle:{++_asked}" });

        protected override IEnumerable<Told> Read(ClientReport report) => report.What switch
        {
            "open" => [new Told.Opened()],
            "transport" => [new Told.Carried(report.Text("name"))],
            "ack" => ReadAck(report.Text("ack"), report.Argument),
            _ => ReadEvent(report.Text("event"), report.Argument),
        };

        private static IEnumerable<Told> ReadAck(string name, JsonElement answer) => name.Split(':', 2) switch
        {
            ["settle", _] when answer.GetProperty("ok").GetBoolean() => [new Told.Settled()],
            // A refusal comes as an event too.
            [_, var id] when answer.GetProperty("ok").GetBoolean() => [new Told.Acked(id, answer.GetProperty("id").GetString()!, answer.GetProperty("seq").GetInt64())],
            _ => [new Told.Other($"{name}: {answer}")],
        };

        private static IEnumerable<Told> ReadEvent(string name, JsonElement argument)
        {
            string? Text(string field) => argument.TryGetProperty(field, out var value) ? value.GetString() : null;
            switch (name)
            {
                case "new_message":
                    return [new Told.Said(Text("participant_nickname")!, Text("message")!, Text("id"), argument.GetProperty("seq").GetInt64(), Text("message_type")), .. Told.Attached.Read(argument)];
                case "participant_count_update":
                    return [new Told.Counted(argument.GetProperty("count").GetInt32())];
                case "system" when Text("event") == "reset":
                    return [new Told.Reset(argument.GetProperty("seq").GetInt64())];
                case "error":
                    return [new Told.Refused(Text("code")!, Text("message")!, Text("client_message_id"))];
                default:
                    return [new Told.Other($"{name}: {argument}")];
            }
        }

        private void Emit(string name, params object[] arguments) => Do("emit", new { @event = name, arguments });
    }
}
