using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Chat.Bench.Baselines;

/// <summary>A chat as SignalR's documentation shows it: a hub with groups and the JSON protocol, all settings as they come.</summary>
internal static class SignalRBaseline
{
    /// <param name="store">Null stores nothing.</param>
    public static void Prepare(WebApplicationBuilder builder, MessageStore? store)
    {
        builder.Services.AddSignalR();
        if (store is not null)
        {
            builder.Services.AddSingleton(store);
        }
    }

    public static void Map(WebApplication app) => app.MapHub<ChatHub>("/hub");

    private sealed class ChatHub(IServiceProvider services) : Hub
    {
        private readonly MessageStore? _store = services.GetService<MessageStore>();

        public Task Join(string room) => Groups.AddToGroupAsync(Context.ConnectionId, room);

        public async Task Send(string room, string sender, string content)
        {
            if (_store is not null)
            {
                await _store.SaveAsync(room, sender, content);
            }
            await Clients.Group(room).SendAsync("message", sender, content);
        }
    }
}
