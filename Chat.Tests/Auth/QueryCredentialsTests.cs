using Chat.Host.Auth;
using FsCheck;
using FsCheck.Fluent;

namespace Chat.Tests.Auth;

public class QueryCredentialsTests
{
    [Theory]
    [InlineData("?token=T", "", "T", null)]
    [InlineData("?ticket=T&a=1", "?a=1", null, "T")]
    [InlineData("?a=1&token=T&b=%20&ticket=U", "?a=1&b=%20", "T", "U")]
    [InlineData("?TOKEN=T", "", "T", null)]
    [InlineData("?%74%6fken=T", "", "T", null)]
    [InlineData("?token", "", null, null)]
    [InlineData("?token=&a", "?a=", null, null)]
    [InlineData("?token=%54", "", "T", null)]
    [InlineData("?token=a=b", "", "a=b", null)]
    [InlineData("?access_token=T&a=1", "?a=1", null, null)]
    public void Credentials_are_taken_out_and_the_rest_stays(string query, string rest, string? token, string? ticket)
    {
        var taken = QueryCredentials.Take(query, out var left);
        Assert.NotNull(taken);
        Assert.Equal((rest, token, ticket, false), (left, taken.Token, taken.Ticket, taken.IsAmbiguous));
    }

    [Theory]
    [InlineData("?")]
    [InlineData("?a=1&b")]
    [InlineData("?tokens=1&a=token")]
    public void An_address_without_credentials_stays_as_it_is(string query)
    {
        Assert.Null(QueryCredentials.Take(query, out var left));
        Assert.Equal(query, left);
    }

    [Fact]
    public void Two_of_a_kind_are_ambiguous() => Assert.True(QueryCredentials.Take("?token=a&Token=b", out _)!.IsAmbiguous);

    [Fact]
    public void No_query_makes_it_throw_or_keeps_a_token() =>
        Check.QuickThrowOnFailure(Prop.ForAll((string before, string after) =>
        {
            var taken = QueryCredentials.Take($"?{before}&token=SECRET&{after}", out var rest);
            return taken is not null && !rest.Contains("SECRET", StringComparison.Ordinal);
        }));
}
