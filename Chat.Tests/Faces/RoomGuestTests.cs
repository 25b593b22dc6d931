using Chat.Host.Configuration;
using Chat.Protocol;
using Chat.Tests.Support;
using static Chat.Tests.Faces.RoomSocketTests;

namespace Chat.Tests.Faces;

/// <summary>Rooms in development, where the seed's clients come without a token.</summary>
public sealed class RoomGuestTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(o => o with { Mode = ChatMode.Development });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_room_is_made_by_naming_it_and_anonymous_clients_talk_in_it()
    {
        await using var one = await OpenAsync("room1");
        await using var two = await OpenAsync("room1");

        await one.SendAsync(new { username = "민아", content = "안녕", room_id = "room1" });
        await ListAsync(two, 1);
        await two.SendAsync(new { username = "juno", content = "hi" });

        foreach (var client in new[] { one, two })
        {
            Assert.Equal(["민아/안녕", "juno/hi"], (await ListAsync(client, 2)).Select(m => $"{m.Text("username")}/{m.Text("content")}"));
        }
        var view = (await _server.ViewAsync("room:room1"))!;
        Assert.Equal(["guest", "guest:민아", "guest:juno"], view.Members.Select(m => m.UserId));
        Assert.Empty(view.OpenRuns);
    }

    [Fact]
    public async Task Each_username_is_an_author_of_its_own()
    {
        await using var client = await OpenAsync("authors");
        foreach (var (username, content) in new[] { ("a", "1"), ("b", "2"), ("a", "3") })
        {
            await client.SendAsync(new { username, content, client_message_id = "same" });
            await client.ExpectAsync("ack");
        }

        // The third is the first once more, whatever it says now.
        Assert.Equal(["1", "2"], (await ListAsync(client, 2)).Select(m => m.Text("content")));
        await client.SendAsync(new { content = "nobody" });
        Assert.Equal("BAD_FIELD", await client.ExpectErrorAsync());
    }

    [Fact]
    public async Task The_longest_username_makes_an_author_that_storage_has_room_for()
    {
        await using var client = await OpenAsync("long");
        var username = string.Concat(Enumerable.Repeat("😀", 100));
        await client.SendAsync(new { username, content = "x" });

        Assert.Equal(username, (await ListAsync(client, 1))[0].Text("username"));
        Assert.All((await _server.ViewAsync("room:long"))!.Members, m => Assert.InRange(Limits.CountScalars(m.UserId), 1, 100));
    }

    [Fact]
    public async Task A_token_that_is_given_counts_and_a_bad_one_is_refused()
    {
        await using (var bad = await OpenAsync("tokens", "?token=nonsense"))
        {
            Assert.Equal(1008, (await bad.ClosedAsync()).Code);
        }
        await using var juno = await OpenAsync("tokens", "?token=" + _server.Token("juno"));
        await using var native = await NativeClient.ConnectAsync(_server, "room:tokens", "mina");

        await juno.SendAsync(new { username = "Juno B.", content = "hello" });

        var message = await native.ExpectAsync("message");
        Assert.Equal(("juno", "Juno B."), (message.Text("sender_id"), message.Text("sender_name")));
    }

    private Task<FaceClient> OpenAsync(string room, string query = "") => FaceClient.OpenAsync(_server, $"/ws/chat/{room}{query}");
}
