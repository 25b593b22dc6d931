using Microsoft.AspNetCore.Http.Features;

namespace Chat.Host.Connections;

/// <summary>
/// The upgraded stream under a WebSocket, with one writer at a time: the framework's own control frames and this server's finished frames
/// must not interleave. It also knows when anything, a pong too, was last read.
/// </summary>
internal sealed class GatedStream(Stream inner, TimeProvider time) : Stream
{
    private const long NotWriting = long.MinValue;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _lastRead = time.GetTimestamp();
    private long _writeStarted = NotWriting;

    public TimeSpan SinceRead => time.GetElapsedTime(Volatile.Read(ref _lastRead));

    /// <summary>How long the write that is under way has taken; null if none is.</summary>
    public TimeSpan? Writing => Volatile.Read(ref _writeStarted) is var started && started != NotWriting ? time.GetElapsedTime(started) : null;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _lastRead, time.GetTimestamp());
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _writeStarted, time.GetTimestamp());
        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>
    /// Begins a write without waiting for anything. False where another one is under way, or this one fails at once; one that fails later is found out by whoever reads or writes next.
    /// </summary>
    /// <param name="bytes">Must not change.</param>
    public bool TryWrite(ReadOnlyMemory<byte> bytes)
    {
        if (!_gate.Wait(0))
        {
            return false;
        }
        Volatile.Write(ref _writeStarted, time.GetTimestamp());
        try
        {
            var write = inner.WriteAsync(bytes);
            if (write.IsCompletedSuccessfully)
            {
                write.GetAwaiter().GetResult();
                EndWrite();
            }
            else
            {
                _ = EndAsync(write);
            }
            return true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            EndWrite();
            return false;
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task EndAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The connection has gone; its reader comes upon it as well.
        }
        finally
        {
            EndWrite();
        }
    }

    private void EndWrite()
    {
        Volatile.Write(ref _writeStarted, NotWriting);
        _gate.Release();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The gate stays: whoever waits at it must be let in, to find the stream closed. It has no wait handle to dispose of.
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Puts the gate under every upgrade; to stand before <c>UseWebSockets</c>.</summary>
    public static Task GateUpgrade(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new GatedUpgrade(upgrade, context.Features, context.RequestServices.GetRequiredService<TimeProvider>()));
        }
        return next(context);
    }

    private sealed class GatedUpgrade(IHttpUpgradeFeature upgrade, IFeatureCollection features, TimeProvider time) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => upgrade.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync()
        {
            var stream = new GatedStream(await upgrade.UpgradeAsync(), time);
            features.Set(stream);
            return stream;
        }
    }
}
