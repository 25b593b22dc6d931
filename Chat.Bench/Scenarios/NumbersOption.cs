using System.CommandLine;
using System.Globalization;

namespace Chat.Bench.Scenarios;

/// <summary>An option that takes numbers with commas between them, each a load of its own.</summary>
internal sealed class NumbersOption : Option<IReadOnlyList<int>?>
{
    private readonly IReadOnlyList<int> _default;

    /// <param name="most">Greater ones are refused, as are those below 1.</param>
    public NumbersOption(string name, string description, string value, int most)
        : base(name)
    {
        _default = Parse(value);
        Description = $"{description} [default: {value}]";
        HelpName = "N,N";
        CustomParser = result =>
        {
            if (result.Tokens is not [var token] || Parse(token.Value) is var numbers && numbers.Exists(number => number < 1 || number > most))
            {
                result.AddError($"{name} takes numbers from 1 to {most}, with commas between them.");
                return null;
            }
            return numbers;
        };
    }

    public IReadOnlyList<int> Read(ParseResult parsed) => parsed.GetValue(this) ?? _default;

    /// <summary>0 for what is no number.</summary>
    private static List<int> Parse(string list) =>
        [.. list.Split(',').Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)];
}
