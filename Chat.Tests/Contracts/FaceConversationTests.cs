using Chat.Tests.Contracts.Faces;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>One session, and on each of its faces somebody with a client of that face: they read one conversation.</summary>
[RequiresNodeAndPythonClients]
public sealed class FaceConversationTests(FaceWorld world) : IClassFixture<FaceWorld>, IAsyncLifetime
{
    private static readonly string[] Remarks =
    [
        "안녕하세요 여러분",
        "👋🏽 👨‍👩‍👧‍👦 🇰🇷 e\u0301",
        "\"따옴표\" 'single' \\ back",
        "first line\nsecond line\n\n  third line",
        "<b onclick=alert(1)>굵게</b> &lt;",
        "{\"type\":\"error\"}",
        "끝",
    ];

    private readonly List<ContractClient> _clients = [];

    private FaceSession _session = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    [ContractFact]
    public async Task Five_who_write_at_once_end_with_one_transcript()
    {
        await MeetAsync(agent: null);

        await Task.WhenAll(_clients.Select(client => Task.Run(() =>
        {
            foreach (var remark in Remarks)
            {
                client.Say($"{client.Key.Name}: {remark}");
            }
        })));

        await AssertOneTranscriptAsync(_clients.Count * Remarks.Length);
        foreach (var writer in _clients)
        {
            Assert.Equal(
                Remarks.Select(remark => $"{writer.Key.Name}: {remark}"),
                _clients[0].Transcript.Where(line => line.Author == writer.Key.Name).Select(line => line.Text));
        }
    }

    [ContractFact]
    public async Task Five_who_are_answered_by_an_agent_read_its_answers_in_the_same_places()
    {
        await MeetAsync(agent: 1);

        foreach (var client in _clients)
        {
            client.Say($"{client.Key.Name}의 질문 👋🏽");
            client.Say($"and {client.Key.Name}\nasks <b>again</b>");
        }

        await AssertOneTranscriptAsync(_clients.Count * 4);
        var lines = _clients[0].Transcript;
        Assert.Equal(_clients.Count * 2, lines.Count(line => line.Author == "Echo"));
        Assert.All(_clients, client => Assert.Contains(lines, line => line.Author == "Echo" && line.Text.Contains($"{client.Key.Name}의 질문 👋🏽", StringComparison.Ordinal)));
    }

    [ContractFact]
    public async Task A_send_that_is_repeated_on_another_face_is_stored_once()
    {
        _session = await FaceSession.CreateAsync(world.Server, isRoom: true);
        var mina = await _session.InviteAsync("mina");
        var answers = new List<Told.Acked>();

        foreach (var face in new Face[] { new NativeFace(ClientLibrary.Ws), new ChannelFace(ClientLibrary.Ws), new RoomFace(ClientLibrary.WebSockets) })
        {
            var client = await face.EnterAsync(world, _session, mina);
            _clients.Add(client);
            answers.Add(await client.PostAsync("한 번만", "mine-1"));
        }

        Assert.All(answers, answer => Assert.Equal(answers[0], answer));
        Assert.Equal(answers[0].Id, Assert.Single(await _session.HistoryAsync()).Id);
    }

    /// <summary>Each by a name, a face and a library of its own.</summary>
    private async Task MeetAsync(int? agent)
    {
        _session = await FaceSession.CreateAsync(world.Server, isRoom: true, agent);
        (string Name, Face Face)[] people =
        [
            ("미나", new NativeFace(ClientLibrary.Ws)),
            ("주노", new ParticipantFace(ClientLibrary.Ws)),
            ("sora", new RoomFace(ClientLibrary.WebSockets)),
            ("hyun 4", new SocketIoFace("polling", "websocket")),
            ("42", new ChannelFace(ClientLibrary.Ws)),
        ];
        foreach (var (name, face) in people)
        {
            _clients.Add(await face.JoinAsync(world, _session, name));
        }
    }

    /// <summary>As history has it, on every face.</summary>
    private async Task AssertOneTranscriptAsync(int count)
    {
        await Task.WhenAll(_clients.Select(client => client.HearAllAsync(count)));
        var history = (await _session.HistoryAsync()).Select(message => message.Line).ToList();
        Assert.Equal(count, history.Count);
        Assert.All(_clients, client => Assert.Equal(history, client.Transcript));
    }
}
