namespace Chat.Host.Configuration;

/// <summary>The configuration cannot be taken as it stands; the message is for the operator and holds no secret.</summary>
public class ChatConfigurationException : Exception
{
    public ChatConfigurationException(string message)
        : base(message)
    {
    }

    public ChatConfigurationException(IReadOnlyList<ConfigurationMistake> mistakes)
        : base(Describe(mistakes)) => Mistakes = mistakes;

    protected ChatConfigurationException(string message, Exception? cause)
        : base(message, cause)
    {
    }

    /// <summary>Everything that is wrong, in the order of reading; empty where reading did not come that far.</summary>
    public IReadOnlyList<ConfigurationMistake> Mistakes { get; } = [];

    private static string Describe(IReadOnlyList<ConfigurationMistake> mistakes) =>
        mistakes.Count == 1
            ? mistakes[0].ToString()
            : $"The configuration has {mistakes.Count} mistakes:{string.Concat(mistakes.Select(mistake => "\n  " + mistake))}";
}
