using System.Threading.Channels;
using Reactive.Streams;

namespace Chat.Actors.AkkaEngine;

/// <summary>The end of a graph, read once: an element is asked for when the reader comes for it. (Sink.Queue makes one in advance.)</summary>
internal sealed class Handover<T> : ISubscriber<T>
{
    private readonly Channel<T> _elements = Channel.CreateUnbounded<T>();
    private ISubscription? _subscription;

    public void OnSubscribe(ISubscription subscription)
    {
        _subscription = subscription;
        subscription.Request(1);
    }

    public void OnNext(T element) => _elements.Writer.TryWrite(element);

    public void OnError(Exception cause) => _elements.Writer.TryComplete(cause);

    public void OnComplete() => _elements.Writer.TryComplete();

    /// <summary>Leaving early cancels the graph.</summary>
    public async IAsyncEnumerable<T> ReadAllAsync()
    {
        try
        {
            await foreach (var element in _elements.Reader.ReadAllAsync())
            {
                yield return element;
                _subscription!.Request(1);
            }
        }
        finally
        {
            _subscription?.Cancel();
        }
    }
}
