using Chat.Actors.Persistence;
using Chat.Host.Files;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Turns what reading a request or the storage may throw into refusals, for every endpoint of the API.</summary>
internal sealed partial class RestFaults(ILogger<RestFaults> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (FieldException e)
        {
            return new Refusal(e.ToRejected());
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            return Refusal.TooSlow;
        }
        catch (BadHttpRequestException e)
        {
            return new Refusal(CodeOf(e.StatusCode), e.Message);
        }
        catch (JournalUnavailableException)
        {
            return new Refusal(ErrorCode.StorageUnavailable, "The storage does not answer");
        }
        catch (FileStoreException e)
        {
            LogStoreFailed(logger, e);
            return new Refusal(ErrorCode.StorageUnavailable, "The files cannot be reached now");
        }
    }

    private static ErrorCode CodeOf(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => ErrorCode.TooLarge,
        StatusCodes.Status415UnsupportedMediaType => ErrorCode.UnsupportedType,
        _ => ErrorCode.BadJson,
    };

    [LoggerMessage(703, LogLevel.Warning, "The store of files failed")]
    private static partial void LogStoreFailed(ILogger logger, Exception fault);
}
