using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Chat.Host.Endpoints.Metrics;

namespace Chat.Tests.Endpoints;

public sealed partial class PrometheusTextTests
{
    private static readonly string[] Made =
        ["_1st_gauge", "chat_open", "chat_temperature_bytes", "chat_things_made_total", "chat_time_seconds_total", "chat_wait_milliseconds"];

    [Fact]
    public void Instruments_become_families_in_the_text_format()
    {
        using var meters = new Meters();
        using var meter = meters.Create(new MeterOptions("Microsoft.AspNetCore.Hosting"));
        using var collector = new MetricsCollector(meters);
        var counter = meter.CreateCounter<long>("chat.things.made", "{thing}", "Made\nof \\");
        counter.Add(2, new("kind", "a\"b\\c\nd"), new("first.tag", true));
        counter.Add(3, new("first.tag", true), new("kind", "a\"b\\c\nd"));
        counter.Add(1);
        meter.CreateUpDownCounter<int>("chat.open", "{connection}").Add(-4);
        meter.CreateObservableGauge("chat.temperature", () => 1.5, "By");
        meter.CreateObservableCounter("chat.time", () => 7d, "s");
        meter.CreateGauge<double>("1st.gauge").Record(double.NaN);
        var histogram = meter.CreateHistogram<double>("chat.wait", "ms", "Waited", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (var value in new[] { 0.25, 0.5, 0.75, 3 })
        {
            histogram.Record(value, new KeyValuePair<string, object?>("a", 1));
        }

        Assert.Equal(
            """
            # HELP _1st_gauge 
            # TYPE _1st_gauge gauge
            _1st_gauge NaN
            # HELP chat_open 
            # TYPE chat_open gauge
            chat_open -4
            # HELP chat_temperature_bytes 
            # TYPE chat_temperature_bytes gauge
            chat_temperature_bytes 1.5
            # HELP chat_things_made_total Made\nof \\
            # TYPE chat_things_made_total counter
            chat_things_made_total 1
            chat_things_made_total{first_tag="true",kind="a\"b\\c\nd"} 5
            # HELP chat_time_seconds_total 
            # TYPE chat_time_seconds_total counter
            chat_time_seconds_total 7
            # HELP chat_wait_milliseconds Waited
            # TYPE chat_wait_milliseconds histogram
            chat_wait_milliseconds_bucket{a="1",le="0.5"} 2
            chat_wait_milliseconds_bucket{a="1",le="1"} 3
            chat_wait_milliseconds_bucket{a="1",le="+Inf"} 4
            chat_wait_milliseconds_sum{a="1"} 4.5
            chat_wait_milliseconds_count{a="1"} 4

            """.ReplaceLineEndings("\n"),
            PrometheusText.Write(collector.Collect().Where(family => Made.Contains(family.Name))));
    }

    [Fact]
    public void One_name_stands_once()
    {
        using var meters = new Meters();
        using var one = meters.Create(new MeterOptions("Microsoft.AspNetCore.Hosting"));
        using var two = meters.Create(new MeterOptions("Microsoft.AspNetCore.Hosting"));
        using var strange = new Meter(new MeterOptions("Microsoft.AspNetCore.Hosting") { Scope = new object() });
        using var collector = new MetricsCollector(meters);
        one.CreateCounter<long>("same").Add(1);
        two.CreateCounter<long>("same").Add(1, new KeyValuePair<string, object?>("a", "b"));
        strange.CreateCounter<long>("same").Add(100);
        strange.CreateCounter<long>("other").Add(100);

        var text = PrometheusText.Write(collector.Collect().Where(family => family.Name is "same_total" or "other_total"));
        Assert.Equal("# HELP same_total \n# TYPE same_total counter\nsame_total 1\nsame_total{a=\"b\"} 1\n", text);
    }

    [Fact]
    public void Long_tags_and_many_series_are_held_in_bounds()
    {
        using var meters = new Meters();
        using var meter = meters.Create(new MeterOptions("Microsoft.AspNetCore.Hosting"));
        using var collector = new MetricsCollector(meters);
        var counter = meter.CreateCounter<long>("many");
        for (var i = 0; i < 2000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("tag", new string('x', 1000) + i));
        }
        Assert.Equal(1000, collector.Collect().Single(family => family.Name == "many_total").Series.Count());
    }

    [Fact]
    public async Task A_scrape_can_be_parsed_and_counts_what_happened()
    {
        var rest = new RestServer();
        await rest.InitializeAsync();
        try
        {
            var session = await rest.CreateAsync("mina");
            using (var stream = await EventReader.OpenAsync(rest.Server.Http, rest.Request("mina", "POST", $"/api/chat/sessions/{session}/messages/stream", new { content = "x" })))
            {
                await stream.RestAsync();
            }
            var scrape = await rest.SendAsync(null, "GET", "/metrics");

            Assert.Equal((HttpStatusCode.OK, "text/plain"), (scrape.Status, scrape.Type));
            var types = new Dictionary<string, string>();
            var samples = new HashSet<string>();
            foreach (var line in scrape.Text.TrimEnd('\n').Split('\n'))
            {
                if (TypeLine().Match(line) is { Success: true } type)
                {
                    Assert.True(types.TryAdd(type.Groups[1].Value, type.Groups[2].Value), line);
                }
                else if (!line.StartsWith("# HELP ", StringComparison.Ordinal))
                {
                    var sample = SampleLine().Match(line);
                    Assert.True(sample.Success, line);
                    Assert.True(samples.Add(sample.Groups[1].Value + sample.Groups[2].Value), line);
                    Assert.True(types.ContainsKey(HistogramSuffix().Replace(sample.Groups[1].Value, "")) || types.ContainsKey(sample.Groups[1].Value), line);
                    _ = sample.Groups[3].Value is "+Inf" or "-Inf" or "NaN" ? 0 : double.Parse(sample.Groups[3].Value, CultureInfo.InvariantCulture);
                }
            }
            Assert.Equal("gauge", types["chat_projector_lag"]);
            Assert.Equal("gauge", types["chat_connections"]);
            Assert.Equal("counter", types["chat_messages_accepted_total"]);
            Assert.Equal("histogram", types["chat_journal_append_duration_seconds"]);
            Assert.Equal("histogram", types["http_server_request_duration_seconds"]);
            Assert.Equal("counter", types["dotnet_gc_collections_total"]);
            Assert.Contains("http_route=\"/api/chat/sessions/{session_id}/messages/stream\"", scrape.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(session, scrape.Text, StringComparison.Ordinal);
        }
        finally
        {
            await rest.DisposeAsync();
        }
    }

    [GeneratedRegex("""^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$""")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*")*\})? (\S+)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(new MeterOptions(options.Name) { Scope = this });

        public void Dispose()
        {
        }
    }
}
