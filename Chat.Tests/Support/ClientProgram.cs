using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Chat.Tests.Support;

/// <summary>
/// A client library of another language: one process of <c>Chat.Tests/clients</c> that drives many clients by lines of JSON. It ends with its input, so also
/// with this process.
/// </summary>
public sealed class ClientProgram : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Process _process;
    private readonly ConcurrentDictionary<int, Action<ClientReport>> _clients = new();
    private readonly Lock _writing = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private int _lastClient;

    private ClientProgram(string program, string script)
    {
        _process = Process.Start(new ProcessStartInfo(program, [script])
        {
            WorkingDirectory = SchemaCheck.Clients,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["PYTHONUTF8"] = "1" },
        })!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>npm's <c>ws</c> and <c>socket.io-client</c>.</summary>
    public static ClientProgram StartNode() => new("node", "face-client.mjs");

    /// <summary>Python's <c>websockets</c>.</summary>
    public static ClientProgram StartPython() => new(RequiresPythonClientsAttribute.Python, "face_client.py");

    /// <summary>A new client of the process; the name under which it is told what to do.</summary>
    /// <param name="opening">The fields of <c>open</c>.</param>
    /// <param name="told">What the client reports, one at a time.</param>
    public int Open(object opening, Action<ClientReport> told)
    {
        var client = Interlocked.Increment(ref _lastClient);
        _clients[client] = told;
        Tell(client, "open", opening);
        return client;
    }

    /// <param name="fields">Beside <c>do</c> and <c>client</c>.</param>
    public void Tell(int client, string what, object? fields = null)
    {
        var command = JsonSerializer.SerializeToNode(fields ?? new { }, Json)!.AsObject();
        command["do"] = what;
        command["client"] = client;
        var line = command.ToJsonString(Json);
        lock (_writing)
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var report = new ClientReport(JsonSerializer.Deserialize<JsonElement>(line));
            _clients[report.Client](report);
        }
        string errors;
        lock (_errors)
        {
            errors = _errors.ToString();
        }
        // Nobody waits for what cannot come any more.
        foreach (var told in _clients.Values)
        {
            told(ClientReport.Ended(errors));
        }
    }
}

/// <summary>What a client of another language has seen: the fields that <c>face-client.mjs</c> lists.</summary>
public sealed record ClientReport(JsonElement Json)
{
    public int Client => Json.GetProperty("client").GetInt32();

    public string What => Json.GetProperty("what").GetString()!;

    public string Text(string field) => Json.GetProperty(field).GetString()!;

    public int Number(string field) => Json.GetProperty(field).GetInt32();

    /// <summary>Of an event or an acknowledgement; an object without fields where there is none.</summary>
    public JsonElement Argument => Json.GetProperty("arguments") is var list && list.GetArrayLength() > 0 ? list[0] : JsonSerializer.SerializeToElement(new { });

    internal static ClientReport Ended(string errors) =>
        new(JsonSerializer.SerializeToElement(new { client = 0, what = "close", code = 1006, reason = $"The program of the clients has ended: {errors}" }));
}
