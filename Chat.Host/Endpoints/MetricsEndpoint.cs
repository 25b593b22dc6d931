using Chat.Host.Endpoints.Metrics;

namespace Chat.Host.Endpoints;

/// <summary><c>/metrics</c> in Prometheus' text format.</summary>
internal static class MetricsEndpoint
{
    public static IEndpointRouteBuilder MapMetrics(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/metrics", ShowAsync).WithTags("Operation")
            .WithSummary("Show what is measured, as Prometheus text")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        return routes;
    }

    private static async Task<IResult> ShowAsync(MetricsCollector metrics, StorageHealth storage, CancellationToken cancellation)
    {
        await storage.MeasureAsync(cancellation);
        return TypedResults.Text(PrometheusText.Write(metrics.Collect()), PrometheusText.ContentType);
    }
}
