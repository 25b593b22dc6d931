using Chat.Tests.Contracts.Faces;

namespace Chat.Tests.Contracts;

/// <summary>What every face promises, through a real client of it. Each test has a session of its own.</summary>
public abstract class FaceContract(FaceWorld world, Face face) : FaceTest(world, face)
{
    /// <summary>What may go wrong on the way from one language to another.</summary>
    private static readonly string[] Texts =
    [
        "안녕하세요, 서버!",
        "가족 👨‍👩‍👧‍👦 국기 🇰🇷 합성 e\u0301 자모 \u1112\u1161\u11ab",
        "\"quoted\" 'single' \\ back / slash \\u0041",
        "first line\nsecond line\r\n\tthird line",
        "<img src=x onerror=alert(1)> &amp; </script>",
        "line\u2028separator, bidi \u202eabc\u202c, \u0001control\u007f",
        "{\"type\":\"message\",\"content\":\"inside\"}",
        "null",
    ];

    [FaceFact]
    public async Task A_message_reaches_everyone_and_its_sender_as_it_was_sent()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));

        foreach (var text in Texts)
        {
            mina.Say(text);
        }
        await mina.HearAsync(Texts[^1]);
        juno.Say("다 받았어요");
        await Task.WhenAll(mina.HearAsync("다 받았어요"), juno.HearAsync("다 받았어요"));

        Assert.Equal([.. Texts.Select(text => new Line("mina", text)), new Line("juno", "다 받았어요")], juno.Transcript);
        await AssertAsHistoryAsync(mina, juno);
    }

    [FaceFact]
    public async Task Everyone_who_writes_at_once_is_read_by_all_in_one_order()
    {
        var clients = new[] { await JoinAsync("mina"), await JoinAsync("juno"), await JoinAsync("sora") };

        await Task.WhenAll(clients.Select(client => Task.Run(() =>
        {
            for (var n = 1; n <= 10; n++)
            {
                client.Say($"{client.Key.Name} {n}");
            }
        })));
        await Task.WhenAll(clients.SelectMany(reader => clients.Select(writer => reader.HearAsync($"{writer.Key.Name} 10"))));

        await AssertAsHistoryAsync(clients);
        foreach (var writer in clients)
        {
            Assert.Equal(Enumerable.Range(1, 10).Select(n => $"{writer.Key.Name} {n}"), clients[0].Transcript.Where(l => l.Author == writer.Key.Name).Select(l => l.Text));
        }
    }

    [FaceFact]
    public async Task What_REST_posts_is_read_and_what_is_sent_is_in_REST()
    {
        var mina = await JoinAsync("mina");

        await Session.PostAsync("REST에서 왔어요");
        Assert.Equal("hana", (await mina.HearAsync("REST에서 왔어요")).Author);
        mina.Say("소켓에서 왔어요");
        await mina.HearAsync("소켓에서 왔어요");

        Assert.Equal([new Line("hana", "REST에서 왔어요"), new Line("mina", "소켓에서 왔어요")], (await Session.HistoryAsync()).Select(m => m.Line));
    }

    [FaceFact]
    public async Task A_file_stands_beside_its_message_with_what_to_ask_for_it_by()
    {
        var mina = await JoinAsync("mina");

        await Session.UploadAsync("쪽지 1.txt", "읽어 보세요", "안녕, 파일!"u8.ToArray());

        // A room shows the file's name.
        var said = await mina.HearAsync(Face.IsRoom ? "쪽지 1.txt" : "읽어 보세요");
        Assert.Equal("hana", said.Author);
        var file = await mina.ExpectAsync<Told.Attached>();
        Assert.Equal(new Told.Attached(file.FileId, $"/files/{file.FileId}", "쪽지 1.txt", "text/plain", 15, null), file);
    }

    [FaceFact(Feature.Acknowledgement)]
    public async Task A_send_is_acknowledged_with_the_place_and_the_id_that_history_has()
    {
        var mina = await JoinAsync("mina");

        var first = await mina.PostAsync("하나");
        var second = await mina.PostAsync("둘");
        await mina.HearAsync("둘");

        var history = await Session.HistoryAsync();
        Assert.Equal([(first.Id, (long?)first.Seq), (second.Id, second.Seq)], history.Select(m => (m.Id!, m.Seq)));
        await AssertAsHistoryAsync(mina);
    }

    [FaceFact(Feature.Acknowledgement)]
    public async Task A_repeated_send_is_stored_and_shown_once_and_answered_as_the_first_was()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));

        var first = await mina.PostAsync("한 번만", "mine-1");
        var repeat = await mina.PostAsync("한 번만", "mine-1");
        await mina.BreakAsync();
        var back = await EnterAsync(mina.Key);
        var again = await back.PostAsync("한 번만", "mine-1");
        var others = await juno.PostAsync("한 번만", "mine-1");

        Assert.Equal(first, repeat);
        Assert.Equal(first, again);
        Assert.NotEqual(first.Id, others.Id);
        await juno.HearAllAsync(2);
        await juno.SettleAsync();
        Assert.Equal([new Line("mina", "한 번만"), new Line("juno", "한 번만")], juno.Transcript);
        await AssertAsHistoryAsync(juno);
    }

    [FaceFact(Feature.Resume)]
    public async Task One_who_comes_back_with_its_cursor_sees_what_it_missed_in_order_and_once()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));
        mina.Say("before");
        await juno.HearAsync("before");
        await juno.CloseAsync();
        await Session.PourAsync("missed ", 300, padding: 10);
        mina.Say("missed too");
        await mina.HearAsync("missed too");

        var back = await EnterAsync(juno.Key, since: juno.Cursor);
        await back.HearAsync("missed too");
        mina.Say("after");
        await back.HearAsync("after");
        await back.SettleAsync();

        Assert.Equal((await Session.HistoryAsync()).Select(m => m.Line), [.. juno.Transcript, .. back.Transcript]);
        Assert.Equal(303, juno.Messages.Count + back.Messages.Count);
    }

    [FaceFact(Feature.Resume)]
    public async Task One_who_breaks_off_again_and_again_while_others_write_misses_nothing_and_reads_nothing_twice()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));
        mina.Say("the beginning");
        await juno.HearAsync("the beginning");
        var read = new List<Told.Said>();
        using var leaving = new CancellationTokenSource();

        var pouring = Task.Run(async () =>
        {
            for (var round = 1; !leaving.IsCancellationRequested; round++)
            {
                await mina.HearAsync(await Session.PourAsync($"round {round}: ", 10, padding: 100));
            }
        });
        for (var visit = 0; visit < 6; visit++)
        {
            await juno.BreakAsync();
            read.AddRange(juno.Messages);
            juno = await EnterAsync(juno.Key, since: juno.Cursor);
            await juno.ExpectAsync<Told.Said>();
        }
        await leaving.CancelAsync();
        await pouring;
        mina.Say("the end");
        await juno.HearAsync("the end");
        await juno.SettleAsync();
        read.AddRange(juno.Messages);

        Assert.Equal((await Session.HistoryAsync()).Select(m => m.Line), read.Select(m => m.Line));
    }

    [FaceFact(Feature.Resume)]
    public async Task A_cursor_above_the_head_is_told_the_head_and_then_what_is_new()
    {
        var (mina, juno) = (await JoinAsync("mina"), await Face.AdmitAsync(Session, "juno"));
        mina.Say("before");
        var last = await mina.HearAsync("before");

        var lost = await EnterAsync(juno, since: 1_000_000);
        Assert.InRange((await lost.ExpectAsync<Told.Reset>()).Head, last.Seq!.Value, 999_999);
        mina.Say("after");
        await lost.HearAsync("after");

        Assert.Equal([new Line("mina", "after")], lost.Transcript);
    }

    [FaceFact(Feature.Lists)]
    public async Task One_who_comes_is_shown_the_newest_fifty_messages()
    {
        await Session.PourAsync("old ", 60, padding: 10);

        var mina = await JoinAsync("mina");
        await mina.HearAllAsync(50);

        Assert.Equal((await Session.HistoryAsync()).TakeLast(50).Select(m => m.Line), mina.Transcript);
        mina.Say("new");
        await mina.HearAsync("new");
        Assert.Equal((await Session.HistoryAsync()).TakeLast(51).Select(m => m.Line), mina.Transcript);
    }

    [FaceFact(Feature.Resume)]
    public async Task A_reader_that_stops_for_a_while_catches_up_and_holds_up_nobody()
    {
        var (slow, quick) = (await JoinAsync("slow"), await JoinAsync("quick"));
        slow.Pause();

        // 60 KB each in UTF-8: 12 MB are more than the sockets of both sides hold.
        await Session.PourAsync("large ", 200, padding: 19_900);
        await quick.HearAllAsync(200);
        quick.Say("all of it is here");
        await quick.HearAsync("all of it is here");
        Assert.InRange(slow.Messages.Count, 0, 199);
        slow.Resume();
        await slow.HearAsync("all of it is here");
        await slow.SettleAsync();

        await AssertAsHistoryAsync(slow, quick);
    }

    [FaceFact(Feature.Lists)]
    public async Task A_reader_that_stops_for_a_while_is_shown_the_newest_list_and_holds_up_nobody()
    {
        var (slow, quick) = (await JoinAsync("slow"), await JoinAsync("quick"));
        slow.Pause();

        // Each list has up to 50 of 6 KB: what the sockets of both sides hold is full long before the end.
        for (var n = 0; n < 200; n += 10)
        {
            await quick.HearAsync(await Session.PourAsync($"large {n}+", 10, padding: 2_000));
        }
        slow.Resume();
        quick.Say("all of it is here");
        await Task.WhenAll(slow.HearAsync("all of it is here"), quick.HearAsync("all of it is here"));

        await AssertAsHistoryAsync(quick);
        Assert.Equal(quick.Transcript.TakeLast(50), slow.Transcript.TakeLast(50));
    }

    [FaceFact]
    public async Task A_frame_over_the_limit_ends_its_connection_and_nothing_else()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));
        mina.Say("before");
        await juno.HearAsync("before");

        mina.SayTooMuch(70_000);
        Assert.Equal(Face.Shown(1009), (await mina.ClosedAsync()).Code);
        juno.Say("after");
        await juno.HearAsync("after");
        var back = await EnterAsync(mina.Key);
        back.Say("I am back");
        await juno.HearAsync("I am back");

        Assert.Equal(["before", "after", "I am back"], (await Session.HistoryAsync()).Select(m => m.Text));
    }

    [FaceFact]
    public async Task A_mistake_is_told_and_the_next_message_goes_through()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));
        var longest = new string('가', Face.LongestText);
        var said = new List<string>();

        foreach (var mistake in mina.Mistakes)
        {
            mistake.Make();
            var refused = await mina.ExpectAsync<Told.Refused>();
            Assert.True(mistake.Code == refused.Code, $"{mistake.What} was told {refused}");
            Assert.NotEmpty(refused.Text);
            mina.Say($"after {mistake.What}");
            await mina.HearAsync($"after {mistake.What}");
            said.Add($"after {mistake.What}");
        }
        mina.Say(longest);
        await juno.HearAsync(longest);

        Assert.Equal([.. said, longest], (await Session.HistoryAsync()).Select(m => m.Text));
        Assert.Empty(juno.Everything.OfType<Told.Refused>());
    }

    [FaceFact(Feature.Presence)]
    public async Task The_others_are_told_who_comes_and_who_goes()
    {
        var mina = await JoinAsync("mina");
        var juno = await JoinAsync("juno");
        Assert.Equal(juno.Key.Id, (await mina.ExpectAsync<Told.Came>()).Who);
        var second = await EnterAsync(juno.Key);
        await second.BreakAsync();
        await juno.CloseAsync();
        Assert.Equal(juno.Key.Id, (await mina.ExpectAsync<Told.Went>()).Who);
        var sora = await JoinAsync("sora");

        Assert.Equal(sora.Key.Id, (await mina.ExpectAsync<Told.Came>()).Who);
        await mina.SettleAsync();
        Assert.Equal([juno.Key.Id, sora.Key.Id], mina.Everything.OfType<Told.Came>().Select(c => c.Who));
        Assert.Single(mina.Everything.OfType<Told.Went>());
        Assert.Empty(sora.Everything.OfType<Told.Came>());
    }

    [FaceFact(Feature.Count)]
    public async Task Everyone_is_told_how_many_are_there()
    {
        var mina = await JoinAsync("mina");
        await CountsAsync(mina, 1);
        var juno = await JoinAsync("juno");
        await Task.WhenAll(CountsAsync(mina, 2), CountsAsync(juno, 2));
        var second = await EnterAsync(juno.Key);
        await CountsAsync(second, 2);
        await second.BreakAsync();
        var sora = await JoinAsync("sora");
        await Task.WhenAll(CountsAsync(mina, 3), CountsAsync(juno, 3), CountsAsync(sora, 3));
        await juno.BreakAsync();
        await sora.CloseAsync();
        await CountsAsync(mina, 1);
        Assert.DoesNotContain(mina.Everything.OfType<Told.Counted>(), c => c.Present > 3);
    }

    [FaceFact]
    public async Task An_archived_session_takes_no_more_messages()
    {
        var mina = await JoinAsync("mina");
        mina.Say("the last one");
        await mina.HearAsync("the last one");

        await Session.ArchiveAsync();

        switch (Face.Archive)
        {
            case ArchiveSign.Event:
                await mina.ExpectAsync<Told.Archived>();
                await AssertRefusedAsync(mina, "ARCHIVED");
                break;
            case ArchiveSign.Refusal:
                await AssertRefusedAsync(mina, "ARCHIVED");
                break;
            case ArchiveSign.Close:
                Assert.Equal(new Told.Closed(1008, "Session closed"), await mina.ClosedAsync());
                Assert.Equal(1008, (await (await KnockAsync(mina.Key)).ClosedAsync()).Code);
                break;
        }
        Assert.Equal(["the last one"], (await Session.HistoryAsync()).Select(m => m.Text));
    }

    [FaceFact]
    public async Task The_removed_are_shown_the_door_and_the_others_stay()
    {
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));

        await Session.RemoveAsync(mina.Key);

        Assert.Equal(Face.Shown(1008), (await mina.ClosedAsync()).Code);
        juno.Say("계속해요");
        await juno.HearAsync("계속해요");
        Assert.DoesNotContain(mina.Messages, m => m.Text == "계속해요");
    }

    [FaceFact]
    public async Task Nobody_comes_in_without_a_proof()
    {
        var juno = await JoinAsync("juno");
        var mina = await Face.AdmitAsync(Session, "mina");

        await AssertShutOutAsync(juno, mina with { Proof = null });
        await AssertShutOutAsync(juno, mina with { Proof = "not-a-token" });
    }

    [FaceFact(Feature.Membership)]
    public async Task Nobody_comes_in_with_the_proof_of_another_session()
    {
        var juno = await JoinAsync("juno");
        var mina = await Face.AdmitAsync(Session, "mina");
        var stranger = await Face.AdmitAsync(await FaceSession.CreateAsync(World.Server, Face.IsRoom), "stranger");

        await AssertShutOutAsync(juno, stranger);
        await AssertShutOutAsync(juno, mina with { Proof = stranger.Proof });
    }

    [FaceFact]
    public async Task An_agents_answer_is_read_whole_after_what_it_answers()
    {
        await UseSessionAsync(agent: 1);
        var (mina, juno) = (await JoinAsync("mina"), await JoinAsync("juno"));
        const string question = "여러 조각으로 오는 대답 👨‍👩‍👧‍👦 하나, 둘, 셋";

        mina.Say(question);
        await Task.WhenAll(mina.HearAllAsync(2), juno.HearAllAsync(2));

        Assert.Equal([("mina", true), ("Echo", true)], juno.Transcript.Select(line => (line.Author, line.Text.Contains(question, StringComparison.Ordinal))));
        await AssertAsHistoryAsync(mina, juno);
    }
}
