using System.CommandLine;
using Chat.Bench.Load;
using Chat.Bench.Scenarios;

namespace Chat.Bench.Growth;

/// <summary>The load that stays the same while something else grows: rooms of ten, at a steady rate.</summary>
internal sealed class SteadyLoad
{
    private const int Members = 10;

    private readonly Option<int> _rooms = MeasureOptions.CountOption("--rooms", $"Rooms of {Members} that are loaded.", 50, most: 1_000);

    private readonly Option<int> _rate = RateOption();

    public static Option<int> RateOption() =>
        MeasureOptions.CountOption("--rate", "Deliveries offered per second, over all rooms, whether the server keeps up or not.", 20_000, most: 100_000_000);

    public void AddTo(Command command)
    {
        command.Add(_rooms);
        command.Add(_rate);
    }

    public int Sockets(ParseResult parsed) => parsed.GetValue(_rooms) * Members;

    public LoadSettings Read(ParseResult parsed) => new()
    {
        Rooms = parsed.GetValue(_rooms),
        Members = Members,
        Senders = Members,
        Rate = parsed.GetValue(_rate),
        Users = Sockets(parsed),
    };
}
