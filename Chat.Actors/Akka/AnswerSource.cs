using Akka.Streams;
using Akka.Streams.Stage;
using Chat.Actors.Agents;

namespace Chat.Actors.AkkaEngine;

/// <summary>
/// A provider's tokens, each asked for when the graph pulls it. When the graph stops, for whatever reason, the provider's stream is closed, which
/// is the materialized task. (Source.From tells nobody when it has closed, and disposes an iterator that still runs, which leaves it open.)
/// </summary>
/// <param name="closing">Cancels the answer; the caller disposes it.</param>
internal sealed class AnswerSource(IAsyncEnumerable<AgentToken> answer, CancellationTokenSource closing)
    : GraphStageWithMaterializedValue<SourceShape<AgentToken>, Task>
{
    public override SourceShape<AgentToken> Shape { get; } = new(new Outlet<AgentToken>("Answer.out"));

    public override ILogicAndMaterializedValue<Task> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        var logic = new Logic(Shape, answer.GetAsyncEnumerator(closing.Token), closing);
        return new LogicAndMaterializedValue<Task>(logic, logic.Closed);
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly Outlet<AgentToken> _out;
        private readonly IAsyncEnumerator<AgentToken> _tokens;
        private readonly CancellationTokenSource _closing;
        private readonly Action<Action> _run;
        private readonly TaskCompletionSource<Task> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task<Action>? _asked;

        public Logic(SourceShape<AgentToken> shape, IAsyncEnumerator<AgentToken> tokens, CancellationTokenSource closing)
            : base(shape)
        {
            (_out, _tokens, _closing) = (shape.Outlet, tokens, closing);
            _run = GetAsyncCallback<Action>(outcome => outcome());
            SetHandler(_out, this);
        }

        public Task Closed => _closed.Task.Unwrap();

        public override void OnPull()
        {
            _asked = AskAsync();
            if (_asked.IsCompleted)
            {
                _asked.Result();
            }
            else
            {
                _asked.ContinueWith(asked => _run(asked.Result), TaskScheduler.Default);
            }
        }

        public override void PostStop() => _closed.SetResult(CloseAsync());

        /// <summary>What the stage does about the provider's next word; never fails.</summary>
        private async Task<Action> AskAsync()
        {
            try
            {
                return await _tokens.MoveNextAsync() ? () => Push(_out, _tokens.Current) : CompleteStage;
            }
            catch (Exception e)
            {
                return () => FailStage(e);
            }
        }

        private async Task CloseAsync()
        {
            await _closing.CancelAsync();
            if (_asked is not null)
            {
                await _asked;
            }
            await _tokens.DisposeAsync();
        }
    }
}
