using System.CommandLine;

namespace Chat.Bench.Scenarios;

/// <summary>An option that takes a duration.</summary>
internal sealed class TimeOption : Option<TimeSpan?>
{
    private readonly TimeSpan _default;

    public TimeOption(string name, string description, string value)
        : base(name)
    {
        _default = Durations.TryParse(value, out var duration) ? duration : throw new ArgumentException(Durations.Form, nameof(value));
        Description = $"{description} [default: {value}]";
        HelpName = "TIME";
        CustomParser = result =>
        {
            if (result.Tokens is not [var token] || !Durations.TryParse(token.Value, out var duration))
            {
                result.AddError($"{name} takes {Durations.Form}.");
                return null;
            }
            return duration;
        };
    }

    public TimeSpan Read(ParseResult parsed) => parsed.GetValue(this) ?? _default;
}
