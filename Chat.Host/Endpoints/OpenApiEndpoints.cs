using Chat.Host.Auth;
using Chat.Host.Configuration;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Chat.Host.Endpoints;

/// <summary><c>/openapi/v1.json</c>, and <c>/docs</c> in development.</summary>
internal static class OpenApiEndpoints
{
    private const string Scheme = "bearer";
    private const string Json = "application/json";

    public static IServiceCollection AddDescription(this IServiceCollection services, ChatOptions options) => services.AddOpenApi("v1", api =>
    {
        api.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("dev/", StringComparison.Ordinal) != true;
        api.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = options.Service.Name,
                Version = "1",
                Description = "Sessions, messages, agents' answers as streams. Refusals are problem details (RFC 9457) with a code.",
            };
            var components = document.Components ??= new OpenApiComponents();
            components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Scheme, BearerFormat = "JWT" };
            (components.Schemas ??= new Dictionary<string, IOpenApiSchema>())["Problem"] = ProblemSchema();
            return Task.CompletedTask;
        });
        api.AddOperationTransformer((operation, context, _) =>
        {
            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            {
                // Bound as text, so that a bad value is refused by name.
                if (parameter.Name is "limit" or "offset" or "agent_id")
                {
                    parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer };
                }
            }
            if (RequestIdentity.RequiresIdentity(context.Description.ActionDescriptor.EndpointMetadata))
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
            }
            (operation.Responses ??= [])["default"] = new OpenApiResponse
            {
                Description = "Refused",
                Content = new Dictionary<string, OpenApiMediaType> { [Problems.ContentType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("Problem", context.Document) } },
            };
            return Task.CompletedTask;
        });
        api.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonPropertyInfo?.Name == "metadata")
            {
                schema.Type = JsonSchemaType.Object | JsonSchemaType.Null;
            }
            // A type with a converter of its own tells nothing of its form.
            else if (context.JsonTypeInfo.Type == typeof(DateTimeOffset))
            {
                schema.Type = JsonSchemaType.String;
            }
            else if (context.JsonTypeInfo.Type == typeof(DateTimeOffset?))
            {
                schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
            }
            return Task.CompletedTask;
        });
    });

    public static WebApplication MapDescription(this WebApplication app, ChatOptions options)
    {
        app.MapOpenApi();
        if (options.IsDevelopment)
        {
            app.UseSwaggerUI(ui =>
            {
                ui.RoutePrefix = "docs";
                ui.SwaggerEndpoint("/openapi/v1.json", options.Service.Name);
            });
        }
        return app;
    }

    /// <summary>Describes the body; it is read by <see cref="JsonBody"/>, whose refusals name the field.</summary>
    public static RouteHandlerBuilder WithBody<T>(this RouteHandlerBuilder endpoint) => endpoint.AddOpenApiOperationTransformer(async (operation, context, cancellation) =>
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType> { [Json] = new OpenApiMediaType { Schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancellation) } },
        });

    private static OpenApiSchema ProblemSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "type", "title", "status", "detail", "code" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "For people" },
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "For programs" },
        },
    };
}
