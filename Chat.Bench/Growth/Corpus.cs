using System.Text;

namespace Chat.Bench.Growth;

/// <summary>Messages of Korean and English words, which are as frequent as words are: the n-th has an n-th part of the first one's share. The same ones in every run.</summary>
internal sealed class Corpus
{
    /// <summary>Stands in one message of eleven.</summary>
    public const string CommonPhrase = "회의록 공유합니다 see it";

    /// <summary>Stands in one message of a hundred thousand.</summary>
    public const string RarePhrase = "꿻뷁 계약서 초안 v7 final";

    /// <summary>No message has these pairs, and these in this order.</summary>
    public const string AbsentPair = "힣힟", AbsentPhrase = "공유합니다 it see 회의록 공유";

    private const int Words = 50_000, CommonEvery = 11, RareEvery = 100_000, MostWords = 14;

    private static readonly string[] Vocabulary = MakeWords(new Random(1));
    private static readonly double[] Shares = MakeShares();

    private readonly Random _random = new(2);

    /// <summary>Two syllables of the most frequent word that has as many.</summary>
    public static string CommonPair { get; } = Vocabulary.First(word => word.Length >= 2 && word[0] >= '가')[..2];

    /// <summary>Messages so far.</summary>
    public int Count { get; private set; }

    public string Next()
    {
        Count++;
        var text = new StringBuilder(Word());
        for (var more = _random.Next(MostWords); more > 0; more--)
        {
            text.Append(' ').Append(Word());
        }
        // The middle of each stretch, so that a small run has them too, and not only as its newest.
        return Count % RareEvery == Math.Min(RareEvery, 500) ? $"{text} {RarePhrase} {Word()}"
            : Count % CommonEvery == CommonEvery / 2 ? $"{text} {CommonPhrase} {Word()}"
            : text.ToString();
    }

    private string Word()
    {
        var place = Array.BinarySearch(Shares, _random.NextDouble());
        return Vocabulary[Math.Min(place < 0 ? ~place : place, Words - 1)];
    }

    /// <summary>Half of them Hangul of 1 to 4 syllables, half of them letters; some syllables and letters are more frequent than others.</summary>
    private static string[] MakeWords(Random random) =>
    [
        .. Enumerable.Range(0, Words).Select(_ => random.Next(2) == 0
            ? Make(random, 1 + random.Next(4), share => (char)('가' + ((int)(1_596 * share) * 7)))
            : Make(random, 2 + random.Next(8), share => "etaoinshrdlucmfwypvbgkqjxz"[(int)(26 * share)])),
    ];

    private static string Make(Random random, int length, Func<double, char> letter) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => letter(Math.Pow(random.NextDouble(), 2))));

    private static double[] MakeShares()
    {
        var shares = new double[Words];
        for (var i = 0; i < Words; i++)
        {
            shares[i] = (i == 0 ? 0 : shares[i - 1]) + (1.0 / (i + 1));
        }
        return [.. shares.Select(share => share / shares[^1])];
    }
}
