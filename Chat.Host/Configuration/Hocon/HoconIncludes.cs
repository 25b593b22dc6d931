using System.Text;

namespace Chat.Host.Configuration.Hocon;

/// <summary>Finds and reads the files of one configuration.</summary>
internal sealed class HoconIncludes
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly List<string> _open = [];

    public HoconNode ReadRoot(string file)
    {
        var origin = HoconOrigin.InFile(file, 1);
        return File.Exists(file)
            ? Parse(file, HoconPath.Root, origin, null)
            : throw new HoconException(origin, null, "there is no such file");
    }

    /// <summary>
    /// The file of that name beside the including one, else that name with <c>.json</c> and <c>.conf</c>, the latter last so that it wins.
    /// A file that is not there counts as empty unless it is required.
    /// </summary>
    public IEnumerable<ObjectNode> Read(string name, bool required, string from, HoconPath prefix, HoconOrigin origin, string? key)
    {
        if (name.Contains("://", StringComparison.Ordinal) || name.StartsWith("file:", StringComparison.Ordinal))
            throw new HoconException(origin, key, "include reads files only, no addresses");
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            throw new HoconException(origin, key, "include names no file");

        var path = Path.Combine(Path.GetDirectoryName(from) ?? "", name);
        string[] candidates = File.Exists(path) || Path.GetExtension(name) is ".conf" or ".json" ? [path] : [path + ".json", path + ".conf"];
        if (Path.GetExtension(name) == ".properties" || File.Exists(path + ".properties"))
            throw new HoconException(origin, key, "include does not read .properties files");

        var found = Array.FindAll(candidates, File.Exists);
        if (required && found.Length == 0) throw new HoconException(origin, key, $"the required file {path} is not there");
        foreach (var file in found)
        {
            yield return Parse(file, prefix, origin, key) as ObjectNode
                ?? throw new HoconException(origin, key, $"{file} holds a list; only an object can be included");
        }
    }

    private HoconNode Parse(string file, HoconPath prefix, HoconOrigin origin, string? key)
    {
        var full = Path.GetFullPath(file);
        if (_open.Contains(full)) throw new HoconException(origin, key, $"{file} includes itself: {string.Join(" includes ", _open.Append(full).Select(Path.GetFileName))}");
        if (_open.Count == HoconLimits.Depth) throw new HoconException(origin, key, "files include each other too deep");

        _open.Add(full);
        var node = new HoconParser(ReadText(file, origin, key), file, prefix, this).ParseDocument();
        _open.Remove(full);
        return node;
    }

    private static string ReadText(string file, HoconOrigin origin, string? key)
    {
        try
        {
            return Utf8.GetString(File.ReadAllBytes(file));
        }
        catch (DecoderFallbackException wrong)
        {
            throw new HoconException(origin, key, $"{file} is not UTF-8", wrong);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HoconException(origin, key, $"{file} cannot be read: {failure.Message}", failure);
        }
    }
}
