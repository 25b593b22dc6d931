using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>A bucket of S3, or of a server that speaks its protocol. Its objects are read by this server alone: no address of one is ever given out.</summary>
internal sealed class S3FileStore : IFileStore, IDisposable
{
    private readonly AmazonS3Client _client;
    private readonly string _bucket;
    private readonly string _prefix;

    public S3FileStore(S3Options options)
    {
        _bucket = options.Bucket ?? throw new ArgumentException("No bucket", nameof(options));
        _prefix = options.Prefix;
        var config = new AmazonS3Config
        {
            Timeout = TimeSpan.FromSeconds(30),
            MaxErrorRetry = 2,
            // Checksums beyond the signed SHA-256 of the body come in a form that other servers than Amazon's may not read.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        _client = options is { AccessKeyId: { } id, SecretAccessKey: { } secret }
            ? new AmazonS3Client(new BasicAWSCredentials(id, secret), config)
            : new AmazonS3Client(config);
    }

    public Task PutAsync(BlobName name, string source, CancellationToken cancellation) => AtS3(() =>
        _client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = _bucket,
                Key = KeyOf(name),
                FilePath = source,
                ContentType = "application/octet-stream",
                // One body under one signature, which holds its hash, so that what comes broken is refused.
                UseChunkEncoding = false,
            },
            cancellation), cancellation);

    public Task<Blob?> OpenAsync(BlobName name, CancellationToken cancellation) => AtS3(async () =>
    {
        var found = await FindAsync(name, cancellation);
        return found is null
            ? null
            : new Blob(new S3ObjectStream(from => ReadAsync(name, from, cancellation), found.ContentLength), new DateTimeOffset(WrittenAt(found.LastModified)));
    }, cancellation);

    public async IAsyncEnumerable<BlobEntry> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = _prefix, ContinuationToken = next };
            var page = await AtS3(() => _client.ListObjectsV2Async(request, cancellation), cancellation);
            foreach (var found in page.S3Objects ?? [])
            {
                if (BlobName.TryParse(found.Key[_prefix.Length..], out var name))
                {
                    yield return new BlobEntry(name, new DateTimeOffset(WrittenAt(found.LastModified)));
                }
            }
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    /// <summary>Looks just before it deletes; S3 has no way to do both in one for bytes that were written again. What remains is the time of one request.</summary>
    public Task<bool> RemoveAsync(BlobName name, DateTimeOffset unlessSince, CancellationToken cancellation) => AtS3(async () =>
    {
        if (await FindAsync(name, cancellation) is not { } found || WrittenAt(found.LastModified) > unlessSince.UtcDateTime)
        {
            return false;
        }
        await _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _bucket, Key = KeyOf(name) }, cancellation);
        return true;
    }, cancellation);

    public void Dispose() => _client.Dispose();

    private string KeyOf(BlobName name) => _prefix + name;

    private async Task<GetObjectMetadataResponse?> FindAsync(BlobName name, CancellationToken cancellation)
    {
        try
        {
            return await _client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = _bucket, Key = KeyOf(name) }, cancellation);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <param name="from">The first byte: what a client's range leaves out at the beginning is never fetched.</param>
    private async Task<Stream> ReadAsync(BlobName name, long from, CancellationToken cancellation)
    {
        var request = new GetObjectRequest { BucketName = _bucket, Key = KeyOf(name) };
        if (from > 0)
        {
            request.ByteRange = new ByteRange($"bytes={from}-");
        }
        return (await _client.GetObjectAsync(request, cancellation)).ResponseStream;
    }

    private static DateTime WrittenAt(DateTime? modified) => (modified ?? DateTime.MinValue).ToUniversalTime();

    private static async Task<T> AtS3<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask();
        }
        // A request that took too long is cancelled, too, by the client itself.
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException
            || e is OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new FileStoreException("The bucket of the files does not answer", e);
        }
    }
}
