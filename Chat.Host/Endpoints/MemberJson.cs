using System.Text.Json;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>A member to be added; in a list of members also a mere string, the user id.</summary>
/// <param name="Name">The user id where it is left out.</param>
internal sealed record NewMember(string UserId, string? Name = null, string? Role = null)
{
    /// <exception cref="FieldException" />
    public static NewMember Read(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            return new NewMember(TextOf(json));
        }
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FieldException("members must be user ids, or objects with a user_id");
        }
        var fields = new JsonFields(json);
        return new NewMember(fields.Text("user_id"), fields.OptionalText("name"), fields.OptionalText("role"));
    }

    public Member ToMember() => new(UserId, string.IsNullOrWhiteSpace(Name) ? UserId : Name, Role ?? "member");

    private static string TextOf(JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new FieldException("members holds half of a surrogate pair or bytes that are not UTF-8");
        }
    }
}

internal sealed record MemberItem(string UserId, string Name, string Role, bool IsOnline, DateTimeOffset? LastSeen);

internal sealed record MemberList(IReadOnlyList<MemberItem> Members);

internal sealed record MemberRemovedAnswer(string Message, string UserId);
