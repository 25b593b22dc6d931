using System.Text.Json;
using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Faces.Participants;

/// <summary>Body of <c>POST /api/participants/join/{session_code}</c>.</summary>
internal sealed record NewParticipant(string Nickname)
{
    /// <exception cref="FieldException" />
    public static NewParticipant Read(JsonElement json) => new(new JsonFields(json).Text("nickname"));
}

/// <param name="Token">Proves the participant to its socket, as <c>?token=</c>.</param>
internal sealed record Joined(JoinedParticipant Participant, JoinedSession Session, string Message, string Token)
{
    public static Joined Of(JoinedParticipant participant, SessionView session, string token) =>
        new(participant, new JoinedSession(session.SessionId.Value, session.Title, session.SessionCode!), "성공적으로 세션에 참여했습니다.", token);
}

/// <param name="Nickname">As it is stored: trimmed, in NFC.</param>
/// <param name="IsOnline">True, as in the seed: one who has just joined is there, though its socket is still to come.</param>
internal sealed record JoinedParticipant(string Id, string Nickname, DateTimeOffset JoinedAt, bool IsOnline = true);

internal sealed record JoinedSession(string Id, string? Title, string SessionCode);

/// <param name="Status"><c>active</c> or <c>archived</c>.</param>
/// <param name="OnlineParticipants">Ids of those who have an open socket.</param>
/// <param name="TotalParticipants">Who has joined and was not removed.</param>
internal sealed record SessionStatus(
    string SessionCode, string Status, IReadOnlyList<string> OnlineParticipants, int OnlineCount, int TotalParticipants);
