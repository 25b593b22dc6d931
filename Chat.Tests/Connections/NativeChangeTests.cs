using Chat.Protocol;
using Chat.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Chat.Tests.Connections;

/// <summary>Edits, deletions, reactions, and what an archive or a removal does to sockets.</summary>
public sealed class NativeChangeTests(NativeServer native) : IClassFixture<NativeServer>
{
    private static readonly Caller Owner = new("mina", "mina");

    private readonly TestServer _server = native.Server;

    [Fact]
    public async Task An_edit_is_shown_to_everyone_with_its_time()
    {
        var (session, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("one")).Text("message_id");

        await mina.SendAsync(new { type = "edit", message_id = id, content = "two" });

        var edited = await juno.ExpectAsync("message_edited");
        Assert.Equal((id, "two"), (edited.Text("message_id"), edited.Text("content")));
        Assert.EndsWith("Z", edited.Text("edited_at"));
        Assert.Equal(edited.ToString(), (await mina.ExpectAsync("message_edited")).ToString());
        Assert.Equal(3, (await _server.LogAsync(session)).Count);
    }

    [Theory]
    [InlineData("edit")]
    [InlineData("delete")]
    public async Task Only_the_author_changes_a_message(string type)
    {
        var (session, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("one")).Text("message_id");

        await juno.SendAsync(new Dictionary<string, string> { ["type"] = type, ["message_id"] = id, ["content"] = "mine", ["client_message_id"] = "c-1" });

        Assert.Equal("c-1", (await juno.ExpectErrorAsync("FORBIDDEN")).Text("client_message_id"));
        Assert.Equal(2, (await _server.LogAsync(session)).Count);
    }

    [Fact]
    public async Task A_message_is_deleted_once_and_cannot_be_changed_after_it()
    {
        var (session, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("one")).Text("message_id");

        await mina.SendAsync(new { type = "delete", message_id = id });
        Assert.Equal(id, (await juno.ExpectAsync("message_deleted")).Text("message_id"));
        await mina.SendAsync(new { type = "delete", message_id = id });
        await mina.SendAsync(new { type = "edit", message_id = id, content = "two" });
        await mina.ExpectErrorAsync("NOT_FOUND");
        await juno.SendAsync(new { type = "react", message_id = id, emoji = "👍" });
        await juno.ExpectErrorAsync("NOT_FOUND");
        await juno.SendAsync(new { type = "delete", message_id = id });
        await juno.ExpectErrorAsync("NOT_FOUND");

        Assert.Equal(3, (await _server.LogAsync(session)).Count);
        Assert.Single(mina.All("error"));
    }

    [Fact]
    public async Task Anyone_reacts_to_any_message_and_takes_it_back()
    {
        var (_, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("one")).Text("message_id");

        await juno.SendAsync(new { type = "react", message_id = id, emoji = "👩‍👩‍👧" });
        var reaction = await mina.ExpectAsync("reaction");
        Assert.Equal((id, "👩‍👩‍👧", "juno", false), (reaction.Text("message_id"), reaction.Text("emoji"), reaction.Text("user_id"), reaction.Flag("removed")));
        await juno.SendAsync(new { type = "react", message_id = id, emoji = "👩‍👩‍👧", remove = true });
        Assert.True((await mina.ExpectAsync("reaction")).Flag("removed"));
    }

    [Fact]
    public async Task A_message_older_than_what_the_session_remembers_is_changed_by_the_same_rules()
    {
        var (session, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("old one")).Text("message_id");
        var deleted = (await mina.PostAsync("old two")).Text("message_id");
        await mina.SendAsync(new { type = "delete", message_id = deleted });
        await mina.ExpectAsync("message_deleted");
        await _server.PostManyAsync(session, "mina", 510);

        await juno.SendAsync(new { type = "edit", message_id = id, content = "mine" });
        await juno.ExpectErrorAsync("FORBIDDEN");
        await juno.SendAsync(new { type = "delete", message_id = id });
        await juno.ExpectErrorAsync("FORBIDDEN");
        await juno.SendAsync(new { type = "react", message_id = id, emoji = "👍" });
        Assert.Equal(id, (await mina.ExpectAsync("reaction")).Text("message_id"));
        await mina.SendAsync(new { type = "edit", message_id = id, content = "two" });
        Assert.Equal("two", (await juno.ExpectAsync("message_edited")).Text("content"));
        await mina.SendAsync(new { type = "delete", message_id = id });
        Assert.Equal(id, (await juno.ExpectAsync("message_deleted", f => f.Text("message_id") == id)).Text("message_id"));
        await mina.SendAsync(new { type = "edit", message_id = deleted, content = "again" });
        await mina.ExpectErrorAsync("NOT_FOUND");
    }

    [Fact]
    public async Task A_message_of_another_session_is_not_found_here()
    {
        var (_, mina, _) = await TwoAsync();
        var other = await _server.CreateSessionAsync("mina");
        var id = (await _server.PostAsync(other, "mina", "elsewhere")).MessageId.Value;

        await mina.SendAsync(new { type = "edit", message_id = id, content = "two" });
        await mina.ExpectErrorAsync("NOT_FOUND");
        await mina.SendAsync(new { type = "react", message_id = id, emoji = "👍" });
        await mina.ExpectErrorAsync("NOT_FOUND");
    }

    [Fact]
    public async Task An_archived_session_is_read_and_not_written_until_it_is_restored()
    {
        var (session, mina, juno) = await TwoAsync();
        var id = (await mina.PostAsync("one", "c-1")).Text("message_id");
        await _server.DoAsync(session, new ArchiveSession { Caller = Owner });
        var archived = await juno.ExpectAsync("session_archived");
        Assert.Equal("mina", archived.Text("user_id"));

        foreach (var frame in new object[]
        {
            new { type = "message", content = "two" },
            new { type = "edit", message_id = id, content = "two" },
            new { type = "delete", message_id = id },
            new { type = "react", message_id = id, emoji = "👍" },
        })
        {
            await mina.SendAsync(frame);
            await mina.ExpectErrorAsync("ARCHIVED");
        }
        Assert.Equal(id, (await mina.PostAsync("one", "c-1")).Text("message_id"));
        await using var late = await NativeClient.ConnectAsync(_server, session, "juno", since: 0);
        await late.ExpectAsync("session_archived");

        await _server.DoAsync(session, new UpdateSession { Caller = Owner, Restore = true, Title = "새 제목" });
        Assert.Equal("mina", (await late.ExpectAsync("session_restored")).Text("user_id"));
        Assert.Equal("새 제목", (await late.ExpectAsync("title_changed")).Text("title"));
        await mina.PostAsync("two");
    }

    [Fact]
    public async Task A_removed_members_sockets_close_with_1008_and_the_others_stay()
    {
        var (session, mina, juno) = await TwoAsync();
        await using var otherTab = await NativeClient.ConnectAsync(_server, session, "juno");

        await _server.DoAsync(session, new RemoveMember { Caller = Owner, UserId = "juno" });

        Assert.Equal(1008, (await juno.ClosedAsync()).Code);
        Assert.Equal(1008, (await otherTab.ClosedAsync()).Code);
        await mina.PostAsync("still here");
        await using var back = await NativeClient.OpenAsync(_server, session, NativeClient.Query(_server.Token("juno")));
        Assert.Equal(1008, (await back.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_removed_member_that_is_behind_is_shown_nothing_of_after_its_removal()
    {
        var (session, _, _) = await TwoAsync();
        await using var slow = await NativeClient.ConnectSlowAsync(_server, session, "juno", since: 0);
        var padding = new string('x', 10_000);
        for (var i = 0; i < 1500; i++)
        {
            await _server.PostAsync(session, "mina", padding);
        }
        var removed = await _server.DoAsync(session, new RemoveMember { Caller = Owner, UserId = "juno" });
        await _server.PostManyAsync(session, "mina", 10);

        slow.Resume();

        Assert.Equal(1008, (await slow.ClosedAsync()).Code);
        Assert.DoesNotContain(slow.Stored, f => f.Seq > removed.Seq);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_here_closes_with_1013()
    {
        await using var server = await TestServer.StartAsync();
        var session = await server.CreateSessionAsync("mina");
        await server.PostManyAsync(session, "mina", 3);
        await using (var database = new SqliteConnection($"Data Source={Path.Combine(server.Options.Storage.DataPath, "journal.db")};Pooling=False"))
        {
            await database.OpenAsync();
            await using var command = database.CreateCommand();
            command.CommandText = "UPDATE journal SET manifest = 'from-the-future/9' WHERE persistence_id = $log AND sequence_number = 3";
            command.Parameters.AddWithValue("$log", session);
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        // Its state is in memory; only the replay meets the event that cannot be read.
        await using var client = await NativeClient.OpenAsync(server, session, NativeClient.Query(server.Token("mina"), since: 0));

        Assert.Equal(1013, (await client.ClosedAsync()).Code);
    }

    private async Task<(string Session, NativeClient Mina, NativeClient Juno)> TwoAsync()
    {
        var session = await _server.CreateSessionAsync("mina", "juno");
        return (session, await NativeClient.ConnectAsync(_server, session, "mina"), await NativeClient.ConnectAsync(_server, session, "juno"));
    }
}
