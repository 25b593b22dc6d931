using Chat.Actors.Agents;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Agents;

/// <summary>The conversation that an agent is told, from the read model.</summary>
internal sealed class ReadModelConversation(ReadModel readModel) : IConversation
{
    public async ValueTask<Conversation> ReadAsync(SessionId session, MessageId promptId, int limit, CancellationToken cancellation)
    {
        await readModel.WaitUntilCurrentAsync(cancellation);
        if (await readModel.FindMessageAsync(session, promptId, cancellation) is not { IsDeleted: false } prompt)
        {
            return new Conversation([], null);
        }
        var rows = await readModel.ConversationAsync(session, prompt.Seq, Math.Max(1, limit), cancellation);
        return new Conversation([.. rows.Select(row => new AgentTurn(row.SenderType == "agent", row.SenderName, row.Content ?? ""))], prompt.Metadata);
    }
}

/// <summary>The open runs that the read model lists.</summary>
/// <param name="isHome">Null takes them all.</param>
internal sealed class ReadModelOpenRuns(ReadModel readModel, Func<SessionId, bool>? isHome) : IOpenRuns
{
    public async ValueTask<IReadOnlyList<SessionId>> ReadAsync(CancellationToken cancellation)
    {
        await readModel.WaitUntilCurrentAsync(cancellation);
        return [.. (await readModel.OpenRunsAsync(cancellation)).Select(run => run.SessionId).Distinct().Where(session => isHome?.Invoke(session) ?? true)];
    }
}
