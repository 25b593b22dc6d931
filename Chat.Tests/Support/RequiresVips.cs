namespace Chat.Tests.Support;

/// <summary>The classes whose tests have pictures made small by libvips.</summary>
public sealed class RequiresVipsAttribute : RequiresAttribute
{
    public override string? Missing { get; } =
        $"{Environment.GetEnvironmentVariable("PATH")}".Split(':').Any(folder => File.Exists(Path.Combine(folder, "vipsthumbnail")))
            ? null
            : "libvips is not installed: no vipsthumbnail in PATH";
}
