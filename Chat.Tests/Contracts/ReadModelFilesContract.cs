using Chat.Protocol;
using Chat.Tests.Support;

namespace Chat.Tests.Contracts;

/// <summary>What becomes of the files that messages show.</summary>
public abstract class ReadModelFilesContract(ReadModelStore store) : ReadModelContract(store)
{
    private static readonly PostedFile Picture = new("file_1", "화면 1.png", "image/png", 245632, new string('a', 64), HasThumbnail: true);
    private static readonly PostedFile Letter = new("file_2", "'; DROP TABLE chat_files;--", "text/plain", 1, new string('b', 64), HasThumbnail: false);

    [ContractFact]
    public async Task A_message_shows_its_file_in_every_read_of_it()
    {
        var session = Story.Create("s", members: "bob");
        Story.Post(session, "no file");
        var first = Story.Show(session, Picture, "look");
        var second = Story.Show(session, Letter, sender: "bob");
        await ProjectAsync();

        var history = await HistoryAsync(session);
        Assert.Equal([null, Picture, Letter], history.Select(message => message.File));
        Assert.Equal([("text", "no file"), ("file", "look"), ("file", Letter.Name)], history.Select(message => (message.MessageType, message.Content!)));
        Assert.Equal(Picture, (await Model.FindMessageAsync(session, first))!.File);
        Assert.Equal([null, Picture], (await Model.ConversationAsync(session, 3, 10)).Select(message => message.File));
        Assert.Equal((session, second, Letter), ((await Model.FindFileAsync("file_2"))!.Session, (await Model.FindFileAsync("file_2"))!.Message, (await Model.FindFileAsync("file_2"))!.File));
        Assert.Null(await Model.FindFileAsync("file_3"));
        Assert.Equal(Letter.Name, (await OnlySessionAsync()).LastMessage);
    }

    [ContractFact]
    public async Task A_file_lives_as_long_as_some_message_shows_it()
    {
        var session = Story.Create("s");
        var first = Story.Show(session, Picture);
        var second = Story.Show(session, Picture, "again");
        await ProjectAsync();
        Assert.Equal(first, (await Model.FindFileAsync("file_1"))!.Message);

        Story.Delete(session, first);
        await ProjectAsync();
        Assert.Equal(second, (await Model.FindFileAsync("file_1"))!.Message);
        Assert.Equal([null, Picture], (await HistoryAsync(session)).Select(message => message.File));
        Assert.Equal([Picture.Hash], await Model.FindHashesAsync([Picture.Hash, Letter.Hash]));

        Story.Delete(session, second);
        await ProjectAsync();
        Assert.Null(await Model.FindFileAsync("file_1"));
        Assert.Empty(await Model.FindHashesAsync([Picture.Hash]));

        // One who had found it before that shows it once more.
        Story.Show(session, Picture);
        await ProjectAsync();
        Assert.Equal(Picture, (await Model.FindFileAsync("file_1"))!.File);
        Assert.Equal(0, Projector.SetAsideCount);
    }

    [ContractFact]
    public async Task Bytes_that_two_files_share_are_asked_for_by_both()
    {
        var session = Story.Create("s");
        var other = Story.Create("t", owner: "bob");
        var mine = Story.Show(session, Picture);
        Story.Show(other, Picture with { FileId = "file_9" }, sender: "bob");
        Story.Delete(session, mine);
        await ProjectAsync();

        Assert.Equal([Picture.Hash], await Model.FindHashesAsync([Picture.Hash]));
        Assert.Equal(other, (await Model.FindFileAsync("file_9"))!.Session);
        Assert.Null(await Model.FindFileAsync("file_1"));
    }

    [ContractFact]
    public async Task A_rebuild_brings_the_same_files()
    {
        var session = Story.Create("s");
        var deleted = Story.Show(session, Picture);
        Story.Show(session, Letter);
        Story.Delete(session, deleted);
        await ProjectAsync();

        await Projector.RebuildAsync(null, default);

        Assert.Null(await Model.FindFileAsync("file_1"));
        Assert.Equal(Letter, (await Model.FindFileAsync("file_2"))!.File);
    }
}
