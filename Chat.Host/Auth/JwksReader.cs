namespace Chat.Host.Auth;

/// <summary>Fetches the text of a key set from where <c>jwt.jwks</c> points.</summary>
internal static class JwksReader
{
    /// <summary>Far above any real key set, and small enough that a wrong address cannot fill the memory.</summary>
    private const int MaxBytes = 256 * 1024;

    public static Func<CancellationToken, Task<string>> From(string place)
    {
        if (!Uri.TryCreate(place, UriKind.Absolute, out var address))
            return cancellation => FileAsync(place, cancellation);
        if (address.IsFile)
            return cancellation => FileAsync(address.LocalPath, cancellation);
        if (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)
            throw new ArgumentException("The key set's place is neither a file nor an http address.", nameof(place));

        // One for the life of the process; the connection is not worth keeping for 15 minutes, its address may move.
        var client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) })
        {
            MaxResponseContentBufferSize = MaxBytes,
        };
        return cancellation => client.GetStringAsync(address, cancellation);
    }

    private static async Task<string> FileAsync(string path, CancellationToken cancellation)
    {
        if (new FileInfo(path).Length > MaxBytes)
            throw new IOException("The key set's file is too large.");
        return await File.ReadAllTextAsync(path, cancellation);
    }
}
