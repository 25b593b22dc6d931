using System.Reflection;
using Chat.Actors.Runtime;
using Chat.Host.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Chat.Host.Telemetry;

/// <summary>
/// Sends traces and metrics to <c>chat.telemetry.otlp-endpoint</c>; does nothing where none is set. Disposing sends what is left, so it is the last to go.
/// Sampling, headers, batches and intervals are OpenTelemetry's own variables (<c>OTEL_TRACES_SAMPLER</c>, <c>OTEL_EXPORTER_OTLP_HEADERS</c> …).
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    public OtlpExport(ChatOptions options, string instance)
    {
        if (options.Telemetry.OtlpEndpoint is not { Length: > 0 } endpoint)
        {
            return;
        }
        var version = typeof(OtlpExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        var resource = ResourceBuilder.CreateDefault().AddService(options.Service.Name, serviceVersion: version, serviceInstanceId: instance);
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(ChatActivity.SourceName, "Microsoft.AspNetCore")
            .AddOtlpExporter(otlp => Address(otlp, options.Telemetry.OtlpProtocol, endpoint, "v1/traces"))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(ChatMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddOtlpExporter(otlp => Address(otlp, options.Telemetry.OtlpProtocol, endpoint, "v1/metrics"))
            .Build();
    }

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    /// <summary>Over HTTP each signal has a path of its own, which the exporter adds only to addresses that it read itself.</summary>
    private static void Address(OtlpExporterOptions otlp, string protocol, string endpoint, string path)
    {
        var isGrpc = protocol == "grpc";
        otlp.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        otlp.Endpoint = new Uri(isGrpc ? endpoint : $"{endpoint.TrimEnd('/')}/{path}");
    }
}
