using Chat.Actors.Persistence;
using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>Turns what reading a request or the storage may throw into refusals, for every endpoint of the API.</summary>
internal sealed class RestFaults : IEndpointFilter
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
        catch (BadHttpRequestException e)
        {
            return new Refusal(CodeOf(e.StatusCode), e.Message);
        }
        catch (JournalUnavailableException)
        {
            return new Refusal(ErrorCode.StorageUnavailable, "The storage does not answer");
        }
    }

    private static ErrorCode CodeOf(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => ErrorCode.TooLarge,
        StatusCodes.Status415UnsupportedMediaType => ErrorCode.UnsupportedType,
        _ => ErrorCode.BadJson,
    };
}
