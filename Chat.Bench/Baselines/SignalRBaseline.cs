using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Chat.Bench.Baselines;

/// <summary>A chat as SignalR's documentation shows it: a hub with groups and the JSON protocol, all settings as they come.</summary>
internal static class SignalRBaseline
{
    /// <param name="database">Each message is a row of it, committed before it is shown; null stores nothing.</param>
    public static async Task<Action<WebApplication>> PrepareAsync(WebApplicationBuilder builder, string? database)
    {
        builder.Services.AddSignalR();
        if (database is not null)
        {
            var source = NpgsqlDataSource.Create(database);
            await using var create = source.CreateCommand(
                "CREATE TABLE IF NOT EXISTS bench_signalr_messages (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room text NOT NULL, sender text NOT NULL, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())");
            await create.ExecuteNonQueryAsync();
            builder.Services.AddSingleton(source);
        }
        return static app => app.MapHub<ChatHub>("/hub");
    }

    private sealed class ChatHub(IServiceProvider services) : Hub
    {
        private readonly NpgsqlDataSource? _database = services.GetService<NpgsqlDataSource>();

        public Task Join(string room) => Groups.AddToGroupAsync(Context.ConnectionId, room);

        public async Task Send(string room, string sender, string content)
        {
            if (_database is not null)
            {
                await using var insert = _database.CreateCommand("INSERT INTO bench_signalr_messages (room, sender, content) VALUES ($1, $2, $3)");
                insert.Parameters.Add(new NpgsqlParameter { Value = room });
                insert.Parameters.Add(new NpgsqlParameter { Value = sender });
                insert.Parameters.Add(new NpgsqlParameter { Value = content });
                await insert.ExecuteNonQueryAsync();
            }
            await Clients.Group(room).SendAsync("message", sender, content);
        }
    }
}
