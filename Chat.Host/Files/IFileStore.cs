namespace Chat.Host.Files;

/// <summary>Bytes by their <see cref="BlobName"/>, for every node the same.</summary>
/// <remarks>Each member may throw <see cref="FileStoreException"/>.</remarks>
internal interface IFileStore
{
    /// <summary>
    /// Durable when it returns. Always writes, also what is there already, so that its time is of now: that is how it is kept from <see cref="RemoveAsync"/>.
    /// </summary>
    /// <param name="source">A closed file in <see cref="IncomingFiles"/>' folder; afterwards it may be gone.</param>
    Task PutAsync(BlobName name, string source, CancellationToken cancellation);

    /// <summary>Null where there is nothing of that name.</summary>
    Task<Blob?> OpenAsync(BlobName name, CancellationToken cancellation);

    /// <summary>All that is there, in no order, and nothing that is not the store's.</summary>
    IAsyncEnumerable<BlobEntry> ListAsync(CancellationToken cancellation);

    /// <summary>Removes it unless it was written since, also while this is at work.</summary>
    /// <returns>False where it was, or is not there.</returns>
    Task<bool> RemoveAsync(BlobName name, DateTimeOffset unlessSince, CancellationToken cancellation);
}

/// <param name="Content">Can seek; the caller's to dispose.</param>
/// <param name="WrittenAt">In whole seconds, as HTTP has them.</param>
internal sealed record Blob(Stream Content, DateTimeOffset WrittenAt);

internal readonly record struct BlobEntry(BlobName Name, DateTimeOffset WrittenAt);

/// <summary>The store does not answer, or is full: worth trying again.</summary>
internal sealed class FileStoreException(string message, Exception inner) : Exception(message, inner);
