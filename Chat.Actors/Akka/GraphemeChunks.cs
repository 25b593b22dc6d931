using Akka.Streams;
using Akka.Streams.Stage;
using Chat.Actors.Agents;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Fills a chunk while one is asked for, and pulls text for that only. A chunk goes when it is full, when nothing has filled it for the length of a
/// pause, or when the text has ended.
/// </summary>
internal sealed class GraphemeChunks(int size, TimeSpan pause) : GraphStage<FlowShape<string, string>>
{
    public override FlowShape<string, string> Shape { get; } = new(new Inlet<string>("GraphemeChunks.in"), new Outlet<string>("GraphemeChunks.out"));

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(Shape, new GraphemeChunker(size), pause);

    private sealed class Logic : TimerGraphStageLogic
    {
        private const string Pause = nameof(Pause);

        private readonly Inlet<string> _in;
        private readonly Outlet<string> _out;
        private readonly GraphemeChunker _chunker;
        private readonly TimeSpan _pause;
        private Exception? _failure;

        public Logic(FlowShape<string, string> shape, GraphemeChunker chunker, TimeSpan pause)
            : base(shape)
        {
            (_in, _out, _chunker, _pause) = (shape.Inlet, shape.Outlet, chunker, pause);
            SetHandler(_in, Add, () => End(null), End);
            SetHandler(_out, Fill);
        }

        protected override void OnTimer(object timerKey) => Give();

        private void Add()
        {
            _chunker.Add(Grab(_in));
            Fill();
        }

        private void End(Exception? failure)
        {
            _failure = failure;
            _chunker.Complete();
            Fill();
        }

        // The end, too, is told only to who asks: a failure would overtake a chunk that a stage below still holds.
        private void Fill()
        {
            if (!IsAvailable(_out))
            {
                return;
            }
            if (_chunker.IsFull || (IsClosed(_in) && _chunker.Ready > 0))
            {
                Give();
            }
            else if (!IsClosed(_in))
            {
                Await();
            }
            else if (_failure is null)
            {
                CompleteStage();
            }
            else
            {
                FailStage(_failure);
            }
        }

        private void Await()
        {
            if (!HasBeenPulled(_in))
            {
                Pull(_in);
            }
            if (_chunker.Ready > 0 && !IsTimerActive(Pause))
            {
                ScheduleOnce(Pause, _pause);
            }
        }

        private void Give()
        {
            CancelTimer(Pause);
            Push(_out, _chunker.Take());
        }
    }
}
