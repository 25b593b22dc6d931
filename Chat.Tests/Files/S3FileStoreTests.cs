using Chat.Host.Configuration;
using Chat.Host.Files;
using Chat.Tests.Contracts;
using Chat.Tests.Support;

namespace Chat.Tests.Files;

[RequiresNodeClients]
public sealed class S3FileStoreTests : FileStoreContract
{
    private readonly List<S3FileStore> _opened = [];
    private S3Server? _server;

    /// <summary>Only where the contract's tests are not skipped.</summary>
    private S3Server Server => _server!;

    public override async Task InitializeAsync() => _server = new RequiresNodeClientsAttribute().Missing is null ? await S3Server.StartAsync() : null;

    public override async Task DisposeAsync()
    {
        _opened.ForEach(store => store.Dispose());
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
        await base.DisposeAsync();
    }

    [ContractFact]
    public async Task Objects_of_others_in_the_bucket_are_left_alone()
    {
        var ours = Open();
        var theirs = Remember(new S3FileStore(Server.Options with { Prefix = "other/" }));
        await PutAsync(ours, [1]);
        await PutAsync(theirs, [2]);

        Assert.Equal(NameOf([1]), Assert.Single(await ListAsync(ours)).Name);
        Assert.Null(await ours.OpenAsync(NameOf([2]), None));
    }

    [ContractFact]
    public async Task A_bucket_that_does_not_take_the_key_or_is_not_there_is_a_fault_of_the_store()
    {
        var stranger = Remember(new S3FileStore(Server.Options with { AccessKeyId = "another" }));
        await Assert.ThrowsAsync<FileStoreException>(() => PutAsync(stranger, [1]));
        await Assert.ThrowsAsync<FileStoreException>(() => stranger.OpenAsync(NameOf([1]), None));

        var nowhere = Remember(new S3FileStore(Server.Options with { Bucket = "no-such-bucket" }));
        await Assert.ThrowsAsync<FileStoreException>(() => PutAsync(nowhere, [1]));
    }

    [ContractFact]
    public void Neither_key_is_written_where_options_are() =>
        Assert.DoesNotContain("S3RVER", $"{Server.Options} {new FilesOptions { S3 = Server.Options }}", StringComparison.Ordinal);

    internal override IFileStore Open() => Remember(new S3FileStore(Server.Options));

    private S3FileStore Remember(S3FileStore store)
    {
        _opened.Add(store);
        return store;
    }
}
