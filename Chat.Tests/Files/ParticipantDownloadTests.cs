using System.Net;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

/// <summary>Files in the hands of those who joined by a code and have no token of the JWT kind.</summary>
public sealed class ParticipantDownloadTests(RestServer rest) : IClassFixture<RestServer>
{
    [Fact]
    public async Task A_participant_reads_the_files_of_its_session_by_the_proof_of_its_joining()
    {
        var (session, id, token) = await JoinAsync("미나 하나");
        var path = await rest.UploadedAsync("mina", session, "hello"u8.ToArray());

        using var response = await rest.GetAsync(null, $"{path}?participant_id={id}&token={token}");

        Assert.Equal((HttpStatusCode.OK, "hello"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        using var upper = await rest.GetAsync(null, $"{path}?participant_id={id.ToUpperInvariant()}&token={token}");
        Assert.Equal(HttpStatusCode.OK, upper.StatusCode);
        // A text has no thumbnail.
        using var thumb = await rest.GetAsync(null, $"{path}/thumb?participant_id={id}&token={token}");
        Assert.Equal(HttpStatusCode.NotFound, thumb.StatusCode);
    }

    [Fact]
    public async Task Nobody_else_does()
    {
        var (session, id, token) = await JoinAsync("미나 둘");
        var (other, otherId, otherToken) = await JoinAsync("미나 셋");
        var path = await rest.UploadedAsync("mina", session, "secret"u8.ToArray());
        var others = await rest.UploadedAsync("mina", other, "secret too"u8.ToArray());

        foreach (var query in new[]
        {
            $"participant_id={id}", $"participant_id={id}&token={token}x", $"participant_id={id}&token={otherToken}", $"participant_id={otherId}&token={otherToken}",
            "participant_id=mina&token=x", $"participant_id=&token={token}",
        })
        {
            using var response = await rest.GetAsync(null, $"{path}?{query}");
            Assert.True(response.StatusCode == HttpStatusCode.NotFound, query);
        }
        using var elsewhere = await rest.GetAsync(null, $"{others}?participant_id={id}&token={token}");
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
        using var doubled = await rest.GetAsync(null, $"{path}?participant_id={id}&token={token}&token={token}");
        Assert.Equal(HttpStatusCode.Unauthorized, doubled.StatusCode);
        using var unnamed = await rest.GetAsync(null, $"{path}?token={token}");
        Assert.Equal(HttpStatusCode.Unauthorized, unnamed.StatusCode);
        using var history = await rest.GetAsync(null, $"/api/chat/sessions/{session}/messages?participant_id={id}&token={token}");
        Assert.Equal(HttpStatusCode.Unauthorized, history.StatusCode);
    }

    [Fact]
    public async Task One_who_was_removed_does_no_longer()
    {
        var (session, id, token) = await JoinAsync("미나 넷");
        var path = await rest.UploadedAsync("mina", session, "hello"u8.ToArray());

        Assert.Equal(HttpStatusCode.OK, (await rest.SendAsync("mina", "DELETE", $"/api/chat/sessions/{session}/members/{id}")).Status);

        using var response = await rest.GetAsync(null, $"{path}?participant_id={id}&token={token}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private async Task<(string Session, string Id, string Token)> JoinAsync(string nickname)
    {
        var made = await rest.SendAsync("mina", "POST", "/api/chat/sessions", new { joinable = true });
        var joined = await rest.SendAsync(null, "POST", $"/api/participants/join/{made["session_code"].GetString()}", new { nickname });
        Assert.Equal(HttpStatusCode.OK, joined.Status);
        return (made["session_id"].GetString()!, joined["participant"].GetProperty("id").GetString()!, joined["token"].GetString()!);
    }
}
