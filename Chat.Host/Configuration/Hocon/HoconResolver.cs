namespace Chat.Host.Configuration.Hocon;

/// <summary>
/// Puts values in the place of substitutions. A substitution sees the final value of its path, unless that value is waiting for it: then
/// it sees what the path held before (HOCON, "Self-Referential Substitutions").
/// </summary>
/// <param name="environment">Asked for a path that the configuration does not hold; null where there is no such variable.</param>
internal sealed class HoconResolver(ObjectNode root, Func<string, string?> environment)
{
    /// <summary>Stands for "this value waits for itself", on its way up to the substitution that closed the circle.</summary>
    private static readonly HoconScalar Circle = new(HoconKind.Null, "", HoconOrigin.InFile("", 0));

    private readonly HashSet<HoconNode> _waiting = new(ReferenceEqualityComparer.Instance);

    // By occurrence, not by path: the same path means different things at different places. Undefined ones are kept as null.
    private readonly Dictionary<SubstitutionNode, HoconValue?> _known = new(ReferenceEqualityComparer.Instance);
    private int _steps;

    public HoconValue Resolve(HoconNode node) => ResolveNode(node)!;

    /// <summary>Null where nothing is defined; <see cref="Circle"/> where the value waits for itself.</summary>
    private HoconValue? ResolveNode(HoconNode node)
    {
        if (_waiting.Contains(node)) return Circle;
        if (++_steps > HoconLimits.Steps) throw new HoconException(node.Origin, null, "substitutions lead too deep into each other");
        var value = node switch
        {
            LiteralNode literal => literal.Value,
            SubstitutionNode substitution => ResolveSubstitution(substitution),
            ConcatenationNode concatenation => ResolveConcatenation(concatenation),
            ListNode list => ResolveList(list),
            ObjectNode fields => ResolveObject(fields),
            _ => throw new InvalidOperationException(node.GetType().Name),
        };
        _steps--;
        return Checked(value);
    }

    private HoconValue? ResolveObject(ObjectNode node)
    {
        var fields = new OrderedDictionary<string, HoconValue>(StringComparer.Ordinal);
        foreach (var (key, values) in node.Fields)
        {
            var value = ResolveValues(values);
            if (value == Circle) return Circle;
            if (value is not null) fields.Add(key, value);
        }

        return new HoconObject(fields, node.Origin);
    }

    private HoconValue? ResolveList(ListNode node)
    {
        var items = new List<HoconValue>(node.Items.Count);
        foreach (var item in node.Items)
        {
            var value = ResolveNode(item);
            if (value == Circle) return Circle;
            if (value is not null) items.Add(value);
        }

        return new HoconList(items, node.Origin);
    }

    /// <summary>The value of a field that was set several times: the last one, merged with those before it as far as they are objects.</summary>
    private HoconValue? ResolveValues(List<HoconNode> values)
    {
        HoconObject? merged = null;
        for (var i = values.Count - 1; i >= 0; i--)
        {
            var value = ResolveNode(values[i]);
            if (value == Circle) return Circle;
            if (value is null) continue;
            if (value is not HoconObject fields) return (HoconValue?)merged ?? value;
            merged = merged is null ? fields : fields.OverriddenBy(merged);
            Checked(merged);
        }

        return merged;
    }

    private HoconValue? ResolveConcatenation(ConcatenationNode node)
    {
        _waiting.Add(node);
        var join = new HoconJoin(node);
        var circle = false;
        foreach (var part in node.Parts)
        {
            if (part is BlankNode blank)
            {
                join.AddBlank(blank.Text);
                continue;
            }

            var value = ResolveNode(part);
            circle |= value == Circle;
            if (circle) break;
            join.Add(value);
        }

        _waiting.Remove(node);
        return circle ? Circle : join.Result();
    }

    private HoconValue? ResolveSubstitution(SubstitutionNode node)
    {
        if (_known.TryGetValue(node, out var known)) return known;

        _waiting.Add(node);
        var circle = false;
        var value = Find(node.Prefix.Append(node.Path), ref circle);
        if (value is null && node.Prefix.Keys.Count > 0) value = Find(node.Path, ref circle);
        _waiting.Remove(node);

        if (value is null && !node.OwnOnly)
        {
            var variable = string.Join('.', node.Path.Keys);
            if (environment(variable) is { } text) value = new HoconScalar(HoconKind.Text, text, HoconOrigin.InEnvironment(variable));
        }

        if (value is null && !node.Optional)
        {
            throw new HoconException(node.Origin, node.Key, circle
                ? $"${{{node.Path}}} leads back to itself"
                : $"${{{node.Path}}} is set neither in the configuration nor in the environment");
        }

        return _known[node] = value;
    }

    /// <summary>The value at a path, without looking at anything beside the path.</summary>
    private HoconValue? Find(HoconPath path, ref bool circle)
    {
        List<HoconNode>? values = [root];
        foreach (var key in path.Keys)
        {
            values = Step(values, key, ref circle);
            if (values.Count == 0) return null;
        }

        var value = ResolveValues(Visible(values, ref circle));
        if (value != Circle) return value;
        circle = true;
        return null;
    }

    /// <summary>All that the key was given, the earliest first, in whatever of these values may be an object.</summary>
    private List<HoconNode> Step(List<HoconNode> values, string key, ref bool circle)
    {
        var found = new List<HoconNode>();
        var visible = Visible(values, ref circle);
        for (var i = visible.Count - 1; i >= 0; i--)
        {
            if (visible[i] is ObjectNode node)
            {
                if (node.Find(key) is not { } given) continue;
                found.InsertRange(0, given);
                if (given[0] is LiteralNode or ListNode) break;
                continue;
            }

            var value = ResolveNode(visible[i]);
            if (value == Circle)
            {
                circle = true;
                break;
            }

            if (value is null) continue;
            if (value is not HoconObject fields) break;
            if (!fields.Fields.TryGetValue(key, out var field)) continue;
            found.Insert(0, new LiteralNode(field));
            if (field is not HoconObject) break;
        }

        return found;
    }

    /// <summary>
    /// What a lookup may see of a field: nothing that waits for this lookup, and nothing that was set after it. An object written beside
    /// substitutions counts as set after them, so that its own substitutions may refer to their result.
    /// </summary>
    private List<HoconNode> Visible(List<HoconNode> values, ref bool circle)
    {
        var visible = new List<HoconNode>(values.Count);
        foreach (var value in values)
        {
            IEnumerable<HoconNode> nodes = value is ConcatenationNode { IsObject: true } concatenation ? concatenation.Parts.Where(part => part is not BlankNode) : [value];
            foreach (var node in nodes)
            {
                if (_waiting.Contains(node))
                {
                    circle = true;
                    return visible;
                }

                visible.Add(node);
            }
        }

        return visible;
    }

    private static HoconValue? Checked(HoconValue? value)
    {
        if (value is null) return null;
        if (value.Depth > HoconLimits.Depth) throw new HoconException(value.Origin, null, $"more than {HoconLimits.Depth} levels inside each other after substitution");
        if (value.Count > HoconLimits.Values) throw new HoconException(value.Origin, null, $"more than {HoconLimits.Values} values after substitution");
        return value;
    }
}
