namespace Chat.Protocol;

/// <summary>Why something was refused; <see cref="ErrorCodes"/> maps each to its wire name and HTTP status.</summary>
public enum ErrorCode
{
    BadJson,
    BadField,
    UnknownType,
    EmptyMessage,
    TooLong,
    Unauthorized,
    Forbidden,
    NotFound,
    NotJoined,
    NameTaken,
    TooManyMembers,
    Archived,
    TooLarge,
    UnsupportedType,
    RateLimit,
    StorageUnavailable,
    ClusterUnavailable,
    AgentFailed,
}

/// <summary>The one table of refusals: name on every wire, HTTP status, and whether the same request may succeed later.</summary>
public static class ErrorCodes
{
    private static readonly (string Name, int Status, bool Retry)[] Rows =
    [
        ("BAD_JSON", 400, false),
        ("BAD_FIELD", 422, false),
        ("UNKNOWN_TYPE", 400, false),
        ("EMPTY_MESSAGE", 422, false),
        ("TOO_LONG", 422, false),
        ("UNAUTHORIZED", 401, false),
        ("FORBIDDEN", 403, false),
        ("NOT_FOUND", 404, false),
        ("NOT_JOINED", 403, false),
        ("NAME_TAKEN", 409, false),
        ("TOO_MANY_MEMBERS", 409, false),
        ("ARCHIVED", 409, false),
        ("TOO_LARGE", 413, false),
        ("UNSUPPORTED_TYPE", 415, false),
        ("RATE_LIMIT", 429, true),
        ("STORAGE_UNAVAILABLE", 503, true),
        ("CLUSTER_UNAVAILABLE", 503, true),
        ("AGENT_FAILED", 502, true),
    ];

    public static string Name(this ErrorCode code) => Rows[(int)code].Name;

    public static int HttpStatus(this ErrorCode code) => Rows[(int)code].Status;

    public static bool MayRetry(this ErrorCode code) => Rows[(int)code].Retry;
}
