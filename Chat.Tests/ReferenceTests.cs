using System.Reflection;
using Chat.Tests.Support;

namespace Chat.Tests;

/// <summary>The reference rule between the projects: Protocol → nothing, Actors → Protocol, Host → both.</summary>
public class ReferenceTests
{
    [Theory]
    [InlineData("Chat.Protocol", "")]
    [InlineData("Chat.Actors", "Chat.Protocol")]
    [InlineData("chat", "Chat.Actors Chat.Protocol")]
    public void A_project_references_only_what_the_layout_allows(string assembly, string allowed)
    {
        var ours = new[] { "Chat.Protocol", "Chat.Actors", "chat", "Chat.Tests" };
        var references = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!).ToList();
        Assert.Empty(references.Where(ours.Contains).Except(allowed.Split(' ')));
    }

    [Fact]
    public void The_protocol_needs_the_base_class_library_alone()
    {
        var references = Assembly.Load("Chat.Protocol").GetReferencedAssemblies().Select(name => name.Name!);
        Assert.All(references, name => Assert.True(name.StartsWith("System.", StringComparison.Ordinal) || name is "System" or "netstandard" or "mscorlib", name));
    }

    [Fact]
    public void The_Socket_IO_server_does_not_know_chat()
    {
        var folder = Path.Combine(SchemaCheck.Clients, "..", "..", "Chat.Host", "SocketIo");
        var uses = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).SelectMany(File.ReadLines)
            .Where(line => line.StartsWith("using Chat.", StringComparison.Ordinal)).Distinct();
        Assert.Empty(uses.Except(["using Chat.Protocol;", "using Chat.Host.Connections;", "using Chat.Host.SocketIo.Engine;"]));
    }

    [Fact]
    public void The_engine_does_not_know_HTTP()
    {
        var references = Assembly.Load("Chat.Actors").GetReferencedAssemblies().Select(name => name.Name!);
        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || name == "System.Net.Http");
    }
}
