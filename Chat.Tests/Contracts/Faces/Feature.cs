using System.Reflection;
using Chat.Tests.Support;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Chat.Tests.Contracts.Faces;

/// <summary>What not every face has.</summary>
public enum Feature
{
    /// <summary>A send with an id of the client's own is acknowledged, and stored once however often it is repeated.</summary>
    Acknowledgement,

    /// <summary>One who names its cursor is shown all that it missed.</summary>
    Resume,

    /// <summary>One who comes is shown the newest messages at once, and again with every message.</summary>
    Lists,

    /// <summary>The others are told who comes and goes.</summary>
    Presence,

    /// <summary>The others are told how many are there.</summary>
    Count,

    /// <summary>Only those who belong to the session may come in.</summary>
    Membership,
}

/// <summary>A suite's face does not have this by contract; <see cref="FaceFeatureTests"/> lists who leaves out what.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class LeavesOutAttribute(Feature feature, string why) : Attribute
{
    public Feature Feature => feature;

    public string Why => why;
}

/// <summary>A <see cref="ContractFactAttribute"/> of the suites whose face has what it is about; in the others there is no such test.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Chat.Tests.Contracts.Faces.FaceFactDiscoverer", "Chat.Tests")]
public sealed class FaceFactAttribute(params Feature[] features) : FactAttribute
{
    public IReadOnlyList<Feature> Features => features;
}

public sealed class FaceFactDiscoverer(IMessageSink sink) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        var needed = testMethod.Method.ToRuntimeMethod().GetCustomAttribute<FaceFactAttribute>()!.Features;
        var left = testMethod.TestClass.Class.ToRuntimeType().GetCustomAttributes<LeavesOutAttribute>().Select(l => l.Feature);
        return needed.Intersect(left).Any()
            ? []
            : [new ContractTestCase(sink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
    }
}
