using Chat.Actors.Delivery;
using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Connections;

/// <summary>Takes a subscriber's frames to its transport, live or page by page, until it is closed.</summary>
internal static partial class SubscriberPump
{
    /// <summary>Frames that wait are gathered into writes of about this size: more saves no system call worth having.</summary>
    public const int WriteSize = 64 * 1024;

    /// <summary>Returns when the subscriber has been closed and all that was queued before has been written.</summary>
    /// <param name="write">Completes when the transport has room for more. The list is used again afterwards.</param>
    public static async Task RunAsync(Subscriber subscriber, IPagedReader reader, Func<List<Frame>, ValueTask> write, ILogger logger, CancellationToken cancellation)
    {
        var frames = new List<Frame>();
        while (true)
        {
            while (subscriber.Take(frames, WriteSize) > 0)
            {
                await WriteAsync();
            }
            if (subscriber.Closing is not null)
            {
                return;
            }
            if (subscriber.IsLive && !reader.HasToPage)
            {
                await subscriber.WaitAsync();
                continue;
            }
            try
            {
                await reader.PageAsync(frames, cancellation);
            }
            catch (SessionGoneException)
            {
                subscriber.Close(CloseCode.Refused, "Session not found");
            }
            catch (JournalUnavailableException e)
            {
                if (e.InnerException is EventFormatException)
                {
                    LogFault(logger, e);
                }
                // The log cannot be read now: the client comes back with its cursor when it can.
                subscriber.Close(CloseCode.Overloaded, "The storage does not answer");
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFault(logger, e);
                subscriber.Close(CloseCode.ServerFault, "The server failed");
            }
            await WriteAsync();
        }

        async ValueTask WriteAsync()
        {
            await write(frames);
            frames.Clear();
        }
    }

    [LoggerMessage(203, LogLevel.Error, "A reader failed")]
    private static partial void LogFault(ILogger logger, Exception fault);
}
