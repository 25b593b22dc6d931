using System.Runtime.InteropServices;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Reads one text into nodes. Included files are read where they stand; substitutions are left for <see cref="HoconResolver"/>.</summary>
internal sealed class HoconParser
{
    private readonly string _file;
    private readonly HoconIncludes? _includes;
    private readonly HoconPath _prefix;
    private readonly HoconTokenizer _tokenizer;
    private readonly List<string> _path = [];
    private HoconToken _next;
    private int _depth;
    private int _lists;

    /// <param name="prefix">The key at which the file is included; its substitutions look there first.</param>
    /// <param name="includes">Null where the text is no file, so that there is nothing beside it to include.</param>
    public HoconParser(string text, string file, HoconPath prefix, HoconIncludes? includes)
    {
        _file = file;
        _prefix = prefix;
        _includes = includes;
        _depth = prefix.Keys.Count;
        _tokenizer = new HoconTokenizer(text, Fail);
        _next = _tokenizer.Read();
    }

    public HoconNode ParseDocument()
    {
        SkipBlank();
        HoconNode root;
        if (_next.Kind == HoconTokenKind.ListStart)
        {
            root = ParseList();
        }
        else if (_next.Kind == HoconTokenKind.ObjectStart)
        {
            root = ParseObject();
        }
        else
        {
            var fields = new ObjectNode(Here(_next.Line));
            ParseFields(fields, HoconTokenKind.End);
            return fields;
        }

        SkipBlank();
        if (_next.Kind != HoconTokenKind.End) throw Fail(_next.Line, "something follows the bracket that closes the file's root");
        return root;
    }

    private ObjectNode ParseObject()
    {
        var opening = Take();
        Enter(1, opening.Line);
        var node = new ObjectNode(Here(opening.Line));
        ParseFields(node, HoconTokenKind.ObjectEnd);
        Expect(HoconTokenKind.ObjectEnd, opening, "'{' has no '}'");
        _depth--;
        return node;
    }

    private ListNode ParseList()
    {
        var opening = Take();
        Enter(1, opening.Line);
        _lists++;
        var items = new List<HoconNode>();
        ParseSeparated(HoconTokenKind.ListEnd, () => items.Add(ParseValue("a list has a comma without a value")));
        Expect(HoconTokenKind.ListEnd, opening, "'[' has no ']'");
        _lists--;
        _depth--;
        return new ListNode(items, Here(opening.Line));
    }

    private void ParseFields(ObjectNode target, HoconTokenKind end) => ParseSeparated(end, () => ParseField(target));

    /// <summary>Commas or newlines between, one comma allowed after the last; stops before the end or at what can only be an error.</summary>
    private void ParseSeparated(HoconTokenKind end, Action parseOne)
    {
        SkipBlank();
        while (_next.Kind != end && _next.Kind != HoconTokenKind.End)
        {
            if (_next.Kind == HoconTokenKind.Comma) throw Fail(_next.Line, "a comma with nothing before it");
            if (_next.Kind is HoconTokenKind.ObjectEnd or HoconTokenKind.ListEnd) throw Fail(_next.Line, $"'{_next.Text}' closes nothing that is open here");
            parseOne();
            var newline = SkipBlank();
            if (_next.Kind == HoconTokenKind.Comma)
            {
                Take();
                SkipBlank();
            }
            else if (!newline && _next.Kind is not (HoconTokenKind.End or HoconTokenKind.ObjectEnd or HoconTokenKind.ListEnd))
            {
                throw Misplaced();
            }
        }
    }

    private void ParseField(ObjectNode target)
    {
        if (_next is { Kind: HoconTokenKind.Unquoted } && (_next.Text == "include" || _next.Text.StartsWith("include.", StringComparison.Ordinal)))
        {
            ParseInclude(target);
            return;
        }

        var line = _next.Line;
        var key = ParseKey();
        // JSON lets a line end between the key and its colon.
        SkipBlank();
        var separator = _next.Kind;
        if (separator is not (HoconTokenKind.Assign or HoconTokenKind.Append or HoconTokenKind.ObjectStart))
            throw Fail(line, "a key without a value: '=', ':' or '{' should follow it");

        // From here on messages name the key. Before, what looks like one may be a value that lost its key.
        Enter(key.Count - 1, line);
        _path.AddRange(key);
        if (separator != HoconTokenKind.ObjectStart) Take();

        var value = ParseValue("a key without a value", line);
        target.Add(CollectionsMarshal.AsSpan(key), separator == HoconTokenKind.Append ? AppendTo(value) : value);

        _path.RemoveRange(_path.Count - key.Count, key.Count);
        _depth -= key.Count - 1;
    }

    private List<string> ParseKey()
    {
        var line = _next.Line;
        var tokens = new List<HoconToken>();
        while (_next.Kind is HoconTokenKind.Unquoted or HoconTokenKind.Quoted or HoconTokenKind.Space) tokens.Add(Take());
        if (tokens.Count == 0) throw Fail(line, $"{Show(_next)} where a key should be");
        try
        {
            return [.. HoconPath.FromTokens(CollectionsMarshal.AsSpan(tokens)).Keys];
        }
        catch (FormatException wrong)
        {
            throw Fail(line, wrong.Message);
        }
    }

    /// <summary><c>a += b</c> is <c>a = ${?a} [b]</c>.</summary>
    private ConcatenationNode AppendTo(HoconNode value)
    {
        if (_lists > 0) throw Fail(value.Origin.Line, "'+=' inside a list is not read: no path leads to its key");
        var own = new SubstitutionNode(_prefix.Append(new HoconPath([.. _path])), true, value.Origin) { Key = Key(), OwnOnly = true };
        return new ConcatenationNode([own, new ListNode([value], value.Origin)], Key(), value.Origin);
    }

    private HoconNode ParseValue(string missing, int line = 0)
    {
        SkipBlank();
        if (line == 0) line = _next.Line;
        var parts = new List<(HoconNode Node, HoconToken Token)>();
        while (true)
        {
            var token = _next;
            HoconNode? part = token.Kind switch
            {
                HoconTokenKind.Space => new BlankNode(token.Text, Here(token.Line)),
                HoconTokenKind.Quoted => new LiteralNode(new HoconScalar(HoconKind.Text, token.Text, Here(token.Line))),
                HoconTokenKind.Unquoted => new LiteralNode(Bare(token)),
                HoconTokenKind.Substitution => new SubstitutionNode(token.Path!, token.Optional, Here(token.Line)) { Prefix = _prefix, Key = Key() },
                HoconTokenKind.ObjectStart => ParseObject(),
                HoconTokenKind.ListStart => ParseList(),
                _ => null,
            };
            if (part is null) break;
            if (part is not (ObjectNode or ListNode)) Take();
            parts.Add((part, token));
        }

        if (_next.Kind is HoconTokenKind.Assign or HoconTokenKind.Append && parts.Count > 0) throw Misplaced();
        while (parts is [.., (BlankNode, _)]) parts.RemoveAt(parts.Count - 1);
        return parts.Count switch
        {
            0 => throw Fail(line, missing),
            1 => parts[0].Node,
            _ => Concatenate(parts),
        };
    }

    private HoconNode Concatenate(List<(HoconNode Node, HoconToken Token)> parts)
    {
        var origin = parts[0].Node.Origin;
        if (parts.TrueForAll(part => part.Node is LiteralNode or BlankNode))
            return new LiteralNode(new HoconScalar(HoconKind.Text, string.Concat(parts.Select(part => part.Token.Text)), origin));

        var kinds = (parts.Exists(part => part.Node is LiteralNode), parts.Exists(part => part.Node is ObjectNode), parts.Exists(part => part.Node is ListNode));
        if (kinds is (true, true, _) or (true, _, true) or (_, true, true))
            throw Fail(origin.Line, "text, lists and objects side by side cannot be joined; put a comma or a new line between them");
        return new ConcatenationNode([.. parts.Select(part => part.Node)], Key(), origin);
    }

    private HoconScalar Bare(HoconToken token)
    {
        var kind = token.Text switch
        {
            "true" or "false" => HoconKind.Boolean,
            "null" => HoconKind.Null,
            var text when HoconTokenizer.NumberLength(text) == text.Length => HoconKind.Number,
            _ => HoconKind.Text,
        };
        return new HoconScalar(kind, token.Text, Here(token.Line));
    }

    private void ParseInclude(ObjectNode target)
    {
        var keyword = Take();
        SkipBlank();
        var form = "";
        while (_next.Kind is HoconTokenKind.Unquoted or HoconTokenKind.Space) form += Take().Text.Trim();
        if (keyword.Text != "include" || _next.Kind != HoconTokenKind.Quoted)
            throw Fail(keyword.Line, "include is followed by one name in quotes; a key that begins with the word needs quotes itself");

        var name = Take().Text;
        var closing = "";
        while (_next.Kind == HoconTokenKind.Space || (closing.Length < form.Count(c => c == '(') && _next.Kind == HoconTokenKind.Unquoted)) closing += Take().Text.Trim();
        var required = form is "required(" or "required(file(";
        if (form.Contains("url(", StringComparison.Ordinal) || form.Contains("classpath(", StringComparison.Ordinal) || form.Contains("package(", StringComparison.Ordinal))
            throw Fail(keyword.Line, "include reads files only, neither url() nor classpath() nor package()");
        if ((!required && form is not ("" or "file(")) || closing != new string(')', form.Count(c => c == '(')))
            throw Fail(keyword.Line, "include has the forms \"name\", file(\"name\"), required(\"name\") and required(file(\"name\"))");
        if (_lists > 0) throw Fail(keyword.Line, "include inside a list is not read: its substitutions would have no path");
        if (_includes is null) throw Fail(keyword.Line, "include has no file to look beside");

        var origin = Here(keyword.Line);
        foreach (var included in _includes.Read(name, required, _file, _prefix.Append(new HoconPath([.. _path])), origin, Key())) target.Add(included);
    }

    private HoconToken Take()
    {
        var taken = _next;
        _next = _tokenizer.Read();
        return taken;
    }

    /// <summary>True where a new line was among what was skipped.</summary>
    private bool SkipBlank()
    {
        var newline = false;
        while (_next.Kind is HoconTokenKind.Space or HoconTokenKind.Newline) newline |= Take().Kind == HoconTokenKind.Newline;
        return newline;
    }

    private void Expect(HoconTokenKind kind, HoconToken opening, string missing)
    {
        if (_next.Kind == HoconTokenKind.End) throw Fail(opening.Line, missing);
        if (_next.Kind != kind) throw Fail(_next.Line, $"'{_next.Text}' closes nothing that is open here");
        Take();
    }

    private void Enter(int levels, int line)
    {
        _depth += levels;
        if (_depth > HoconLimits.Depth) throw Fail(line, $"more than {HoconLimits.Depth} levels inside each other");
    }

    private HoconException Misplaced() => Fail(_next.Line, $"{Show(_next)} where a comma or a new line should be; text that holds it needs quotes");

    /// <summary>Text may be a secret, so only marks are shown.</summary>
    private static string Show(HoconToken token) => token.Kind switch
    {
        HoconTokenKind.End => "the end of the text stands",
        HoconTokenKind.Unquoted or HoconTokenKind.Quoted => "text stands",
        HoconTokenKind.Substitution => "a substitution stands",
        _ => $"'{token.Text}' stands",
    };

    private HoconOrigin Here(int line) => HoconOrigin.InFile(_file, line);

    private string Key() => _prefix.Append(new HoconPath(_path)).ToString();

    private HoconException Fail(int line, string problem) => new(Here(line), Key(), problem);
}
