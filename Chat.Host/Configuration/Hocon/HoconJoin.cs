using System.Text;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Joins the values of one concatenation: texts to a text, lists to a list, objects to an object, and nothing else.</summary>
internal sealed class HoconJoin(ConcatenationNode node)
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _blank = new();
    private readonly List<HoconValue> _items = [];
    private HoconObject? _object;
    private HoconScalar? _only;
    private int _texts;
    private bool _list;

    /// <summary>A blank counts only between two texts, one of which may be undefined and so empty.</summary>
    public void AddBlank(string text) => _blank.Append(text);

    public void Add(HoconValue? value)
    {
        switch (value)
        {
            case null:
                break;
            case HoconScalar scalar:
                _texts++;
                _only = scalar;
                _text.Append(_blank).Append(scalar.Text);
                _blank.Clear();
                break;
            case HoconList list:
                _list = true;
                _items.AddRange(list.Items);
                break;
            case HoconObject fields:
                _object = _object?.OverriddenBy(fields) ?? fields;
                break;
        }

        if ((_texts > 0 ? 1 : 0) + (_list ? 1 : 0) + (_object is null ? 0 : 1) > 1)
            throw Fail("text, lists and objects side by side cannot be joined, and one of these substitutions is of another kind than the rest");
        if (_text.Length > HoconLimits.Text) throw Fail($"more than {HoconLimits.Text} characters after substitution");
        if (_items.Count > HoconLimits.Values) throw Fail($"more than {HoconLimits.Values} values after substitution");
    }

    /// <summary>Null where every part was undefined. A single text that had no neighbour keeps its kind and its origin.</summary>
    public HoconValue? Result()
    {
        if (_object is not null) return _object;
        if (_list) return new HoconList(_items, node.Origin);
        if (_only is null) return null;
        var text = _text.Append(_blank).ToString();
        return _texts == 1 && text == _only.Text ? _only : new HoconScalar(HoconKind.Text, text, node.Origin);
    }

    private HoconException Fail(string problem) => new(node.Origin, node.Key, problem);
}
