using Chat.Protocol;
using Chat.Tests.Endpoints;
using Chat.Tests.Support;

namespace Chat.Tests.Security;

/// <summary>What one who reads history slowly can make the server hold.</summary>
public sealed class HistoryMemoryTests(RestServer rest) : IClassFixture<RestServer>
{
    [Theory]
    [InlineData("before", "&before=")]
    [InlineData("after", "&after=")]
    public async Task A_page_of_long_messages_ends_before_its_limit_and_says_so(string direction, string cursor)
    {
        const int messages = 120;
        var session = await rest.CreateAsync("mina");
        for (var i = 0; i < messages; i++)
        {
            await rest.Server.PostAsync(session, "mina", new string('x', Limits.Content - 3) + i.ToString("D3", System.Globalization.CultureInfo.InvariantCulture));
        }

        var read = new List<long>();
        var next = direction == "after" ? "0" : "1000";
        for (var hasMore = true; hasMore;)
        {
            var page = await rest.SendAsync("mina", "GET", $"/api/chat/sessions/{session}/messages?limit=200{cursor}{next}");
            var seqs = page["messages"].EnumerateArray().Select(message => message.GetProperty("seq").GetInt64()).ToList();
            Assert.InRange(seqs.Count, 1, 50);
            hasMore = page["has_more"].GetBoolean();
            read.InsertRange(direction == "after" ? read.Count : 0, seqs);
            next = $"{(direction == "after" ? seqs[^1] : seqs[0])}";
        }

        Assert.Equal(Enumerable.Range(2, messages).Select(seq => (long)seq), read);
    }
}
