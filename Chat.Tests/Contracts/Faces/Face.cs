namespace Chat.Tests.Contracts.Faces;

/// <summary>One face of the server as people use it, by one client library.</summary>
public abstract class Face
{
    /// <summary>Its sessions are rooms, which are open to every valid token.</summary>
    public virtual bool IsRoom => false;

    /// <summary>Characters that a message sent through it may have.</summary>
    public virtual int LongestText => 20_000;

    /// <summary>What an archived session is to those who are in it.</summary>
    public abstract ArchiveSign Archive { get; }

    /// <summary>How the client's library shows this close code.</summary>
    public virtual int Shown(int closeCode) => closeCode;

    /// <summary>Makes this person one who may come in.</summary>
    public abstract Task<Key> AdmitAsync(FaceSession session, string name);

    /// <summary>Opens a connection, whether it is let in or not.</summary>
    /// <param name="since">The cursor to resume from.</param>
    public virtual async Task<ContractClient> KnockAsync(FaceWorld world, FaceSession session, Key key, long? since = null)
    {
        var client = Open(world, session, key, since);
        client.Reach(since ?? 0);
        await client.ExpectAsync<Told.Opened>();
        return client;
    }

    /// <summary>Returns when the person is in, and all that was there for it has been told.</summary>
    public async Task<ContractClient> EnterAsync(FaceWorld world, FaceSession session, Key key, long? since = null)
    {
        var client = await KnockAsync(world, session, key, since);
        await client.SettleAsync();
        return client;
    }

    public async Task<ContractClient> JoinAsync(FaceWorld world, FaceSession session, string name) =>
        await EnterAsync(world, session, await AdmitAsync(session, name));

    protected abstract ContractClient Open(FaceWorld world, FaceSession session, Key key, long? since);
}

/// <summary>How a face tells that its session was archived.</summary>
public enum ArchiveSign
{
    /// <summary>By an event; the connection lives, and writes are refused.</summary>
    Event,

    /// <summary>By 1008.</summary>
    Close,

    /// <summary>By the refusal of the next write.</summary>
    Refusal,
}

/// <summary>Something that no client should send, and what it is told.</summary>
public sealed record Mistake(string What, Action Make, string Code);
