using System.Text.Json.Serialization;
using Chat.Host.Faces.Participants;

namespace Chat.Host.Endpoints;

/// <summary>Every body that the API takes and gives; the names become snake_case by the application's options.</summary>
[JsonSerializable(typeof(ClusterView))]
[JsonSerializable(typeof(DrainAnswer))]
[JsonSerializable(typeof(NewSession))]
[JsonSerializable(typeof(SessionChanges))]
[JsonSerializable(typeof(SessionDetail))]
[JsonSerializable(typeof(SessionPage))]
[JsonSerializable(typeof(SessionArchivedAnswer))]
[JsonSerializable(typeof(NewMessage))]
[JsonSerializable(typeof(MessageChange))]
[JsonSerializable(typeof(NewReaction))]
[JsonSerializable(typeof(MessageList))]
[JsonSerializable(typeof(MessageItem))]
[JsonSerializable(typeof(MessageSent))]
[JsonSerializable(typeof(FileUploaded))]
[JsonSerializable(typeof(ReactionList))]
[JsonSerializable(typeof(NewMember))]
[JsonSerializable(typeof(MemberItem))]
[JsonSerializable(typeof(MemberList))]
[JsonSerializable(typeof(MemberRemovedAnswer))]
[JsonSerializable(typeof(ReadUpToBody))]
[JsonSerializable(typeof(ReadState))]
[JsonSerializable(typeof(AgentList))]
[JsonSerializable(typeof(StreamStopped))]
[JsonSerializable(typeof(NewParticipant))]
[JsonSerializable(typeof(Joined))]
[JsonSerializable(typeof(SessionStatus))]
[JsonSerializable(typeof(SearchList))]
[JsonSerializable(typeof(Health))]
internal sealed partial class RestJson : JsonSerializerContext;
