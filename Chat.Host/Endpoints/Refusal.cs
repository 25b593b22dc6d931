using Chat.Protocol;

namespace Chat.Host.Endpoints;

/// <summary>A typed result that says no: problem details with the code, the status and, where waiting helps, <c>Retry-After</c> of the one table.</summary>
public sealed class Refusal : IResult, IStatusCodeHttpResult
{
    /// <summary>Also for who may not know that there is one.</summary>
    public static readonly Refusal SessionNotFound = new(ErrorCode.NotFound, "Session not found");

    public static readonly Refusal MessageNotFound = new(ErrorCode.NotFound, "Message not found");

    public static readonly Refusal FileNotFound = new(ErrorCode.NotFound, "File not found");

    public static readonly Refusal TooSlow = new("TIMEOUT", StatusCodes.Status408RequestTimeout, "The body came too slowly");

    private static readonly TimeSpan DefaultRetry = TimeSpan.FromSeconds(1);

    private readonly string _code;
    private readonly int _status;
    private readonly string _detail;
    private readonly TimeSpan? _retryAfter;

    /// <summary>For what only HTTP refuses; everything else has an <see cref="ErrorCode"/>.</summary>
    public Refusal(string code, int status, string detail, TimeSpan? retryAfter = null)
    {
        _code = code;
        _status = status;
        _detail = detail;
        _retryAfter = retryAfter;
    }

    public Refusal(Rejected rejected)
        : this(rejected.Code.Name(), rejected.Code.HttpStatus(), rejected.Text, rejected.RetryAfter ?? (rejected.Code.MayRetry() ? DefaultRetry : null))
    {
    }

    public Refusal(ErrorCode code, string detail)
        : this(new Rejected(code, detail))
    {
    }

    public int? StatusCode => _status;

    public Task ExecuteAsync(HttpContext httpContext) => Problems.WriteAsync(httpContext, _code, _status, _detail, _retryAfter);
}
