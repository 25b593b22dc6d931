using Chat.Actors.Sessions;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>
/// The commands that one socket has under way. They are handed over in the order of arrival without waiting for their answers, so that one socket's sends
/// share commits; the answers come in the same order.
/// </summary>
/// <param name="answer">Told each command's reply, one at a time, with what the command came from.</param>
/// <param name="fail">Told that a command failed: the session has logged what happened, and the client's ids tell it what was stored.</param>
internal sealed class AskQueue<TRequest>(ISessionGateway gateway, SessionId session, Action<Reply, TRequest> answer, Action fail) : IDisposable
{
    /// <summary>Commands that may be under way; the next frame waits.</summary>
    private const int Most = 64;

    private readonly SemaphoreSlim _places = new(Most);
    private Task _answered = Task.CompletedTask;

    /// <summary>Called by one task at a time.</summary>
    public async ValueTask AskAsync(SessionCommand command, TRequest request, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation);
        var reply = gateway.AskAsync(session, command, CancellationToken.None);
        _answered = AnswerAsync(_answered, reply, request);
    }

    public void Dispose() => _places.Dispose();

    private async Task AnswerAsync(Task before, ValueTask<Reply> asked, TRequest request)
    {
        try
        {
            var reply = await asked;
            await before;
            answer(reply, request);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            fail();
        }
        finally
        {
            try
            {
                _places.Release();
            }
            catch (ObjectDisposedException)
            {
                // The socket ended before its last answer.
            }
        }
    }
}
