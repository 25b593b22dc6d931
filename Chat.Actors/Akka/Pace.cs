using Akka.Streams;
using Akka.Streams.Stage;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// Lets an element through no sooner than the delay after the one before it; zero holds nothing back. (Throttle fills its bucket at fixed ticks: after a
/// slow reader it lets two through at once, and it goes by the wall clock.) What stands above it ends only when it is pulled.
/// </summary>
internal sealed class Pace(TimeSpan delay) : GraphStage<FlowShape<string, string>>
{
    /// <summary>The scheduler's wheel turns every 10 ms and its thread may wake late; that does not add up from element to element.</summary>
    private static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(16);

    public override FlowShape<string, string> Shape { get; } = new(new Inlet<string>("Pace.in"), new Outlet<string>("Pace.out"));

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(Shape, delay);

    private sealed class Logic : TimerGraphStageLogic
    {
        private const string Slot = nameof(Slot);

        private readonly Inlet<string> _in;
        private readonly Outlet<string> _out;
        private readonly TimeSpan _delay;
        private TimeSpan _slot;
        private string _held = "";

        public Logic(FlowShape<string, string> shape, TimeSpan delay)
            : base(shape)
        {
            (_in, _out, _delay) = (shape.Inlet, shape.Outlet, delay);
            SetHandler(_in, Hold);
            SetHandler(_out, () => Pull(_in));
        }

        // The clock by which the timers run.
        private TimeSpan Now => ((ActorMaterializer)Materializer).System.Scheduler.HighResMonotonicClock;

        protected override void OnTimer(object timerKey)
        {
            var now = Now;
            Give(now - _slot < TimerLateness ? _slot : now);
        }

        private void Hold()
        {
            _held = Grab(_in);
            var now = Now;
            if (now < _slot)
            {
                ScheduleOnce(Slot, _slot - now);
            }
            else
            {
                Give(now);
            }
        }

        private void Give(TimeSpan at)
        {
            _slot = at + _delay;
            Push(_out, _held);
        }
    }
}
