using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Chat.Actors.Runtime;

namespace Chat.Host.Endpoints.Metrics;

/// <summary>Listens to the chosen meters from its making on and sums up what they measure.</summary>
public sealed class MetricsCollector : IDisposable
{
    private static readonly HashSet<string> Meters =
    [
        ChatMetrics.MeterName,
        "System.Runtime",
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
    ];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();
    private readonly IMeterFactory _factory;

    /// <param name="factory">Meters that another server of this process has made are left alone.</param>
    public MetricsCollector(IMeterFactory factory)
    {
        _factory = factory;
        _listener.InstrumentPublished = Enable;
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => Record(value, tags, family));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => Record((double)value, tags, family));
        _listener.Start();
    }

    /// <summary>Asks the observable instruments, and gives every family by name.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        _listener.RecordObservableInstruments();
        return [.. _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)];
    }

    public void Dispose() => _listener.Dispose();

    private void Enable(Instrument instrument, MeterListener listener)
    {
        if (Meters.Contains(instrument.Meter.Name) && (instrument.Meter.Scope is null || ReferenceEquals(instrument.Meter.Scope, _factory))
            && MetricFamily.Of(instrument) is { } family)
        {
            _families[instrument] = family;
            listener.EnableMeasurementEvents(instrument, family);
        }
    }

    private static void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? family) => ((MetricFamily)family!).Record(value, tags);
}
