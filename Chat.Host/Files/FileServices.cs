using Chat.Host.Configuration;

namespace Chat.Host.Files;

/// <summary>Registers everything of this folder.</summary>
internal static class FileServices
{
    public static IServiceCollection AddFiles(this IServiceCollection services, ChatOptions options)
    {
        services.AddSingleton<IFileStore>(provider => options.Files.Storage == FileStorage.S3
            ? new S3FileStore(options.Files.S3)
            : new DiskFileStore(options.Files.PathUnder(options.Storage), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IncomingFiles>();
        services.AddSingleton(new UploadTurns(options.Files));
        services.AddSingleton<Thumbnailer>();
        services.AddHostedService(provider => provider.GetRequiredService<Thumbnailer>());
        services.AddSingleton<FileSweeper>();
        services.AddHostedService(provider => provider.GetRequiredService<FileSweeper>());
        services.AddSingleton<Uploads>();
        return services;
    }
}
