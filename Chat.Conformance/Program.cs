using System.Globalization;
using Chat.Conformance;

var port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "3000", CultureInfo.InvariantCulture);
await using var app = ConformanceHost.Build(TimeProvider.System, port);
await app.RunAsync();
