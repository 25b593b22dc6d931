namespace Chat.Actors.Runtime;

/// <summary>Starts what outlives its caller, without the caller's trace and log scopes: a session is not part of the request that woke it.</summary>
internal static class Detached
{
    public static Task Run(Func<Task> work)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(work);
        }
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(work);
        }
    }
}
