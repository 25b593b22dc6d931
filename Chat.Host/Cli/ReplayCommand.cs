using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Chat.Actors.Persistence;
using Chat.Actors.Sessions;
using Chat.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Host.Cli;

/// <summary><c>chat replay</c>: a session as it was at some seq, out of its log alone. Writes nothing to the database.</summary>
internal sealed class ReplayCommand : Command
{
    private const int PageSize = 500;

    private static readonly EventCodec Events = new();

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        Converters = { new WireTimeConverter() },
    };

    private readonly ConfigurationChoice _configuration;
    private readonly Argument<string> _session = new("SESSION") { Description = "The session's id." };
    private readonly Option<long?> _at = new("--at") { Description = "The last event to take in; without it, the newest.", HelpName = "SEQ" };
    private readonly Option<bool> _events = new("--events") { Description = "First each event on a line: seq, manifest, time and JSON." };

    public ReplayCommand(ConfigurationChoice configuration)
        : base("replay", "Prints a session's state as JSON, as it was at an event. Also while the server runs.")
    {
        _configuration = configuration;
        _at.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(long.TryParse(token.Value, out var seq) && seq >= 1))
            {
                result.AddError("--at takes a seq, from 1.");
            }
        });
        Add(_session);
        Add(_at);
        Add(_events);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = _configuration.Load(parsed);
        var (session, at) = (parsed.GetRequiredValue(_session), parsed.GetValue(_at));
        await using var storage = await Storage.OpenExistingAsync(options, TimeProvider.System, NullLoggerFactory.Instance, cancellation);
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        var state = new SessionState();
        while (state.Head < (at ?? long.MaxValue))
        {
            var page = await storage.Journal.ReadAsync(session, state.Head, (int)Math.Min(PageSize, (at ?? long.MaxValue) - state.Head), cancellation);
            foreach (var stored in page)
            {
                state.Apply(stored.Event!);
                if (parsed.GetValue(_events))
                {
                    await output.WriteLineAsync(Line(stored));
                }
            }
            if (page.Count == 0)
            {
                break;
            }
        }
        if (state.Head < at && state.Head > 0)
        {
            return ChatCommandLine.Refuse($"The log of '{session}' ends at {state.Head}.");
        }
        if (!state.Exists)
        {
            return ChatCommandLine.Refuse(state.Head == 0 ? $"There is no session '{session}'." : $"'{session}' is the log of a name, not of a session.");
        }
        await output.WriteLineAsync(View(state));
        return ChatCommandLine.Ok;
    }

    private static string Line(StoredEvent stored)
    {
        var (manifest, payload) = Events.Encode(stored.Event!);
        return string.Create(CultureInfo.InvariantCulture, $"{stored.Seq} {manifest} {stored.Event!.At.ToWire()} {Encoding.UTF8.GetString(payload)}");
    }

    private static string View(SessionState state)
    {
        var view = JsonSerializer.SerializeToNode(state.ToView(), Json)!;
        if (state.Metadata is { } metadata)
        {
            // Kept as the client wrote it; shown as the object that it is.
            view["metadata"] = JsonNode.Parse(metadata);
        }
        return view.ToJsonString(Json);
    }

    private sealed class WireTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteTimeValue(value);
    }
}
