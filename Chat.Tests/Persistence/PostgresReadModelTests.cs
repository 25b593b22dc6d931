using Chat.Actors.Persistence;
using Chat.Protocol;
using Chat.Tests.Contracts;
using Chat.Tests.Support;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;

namespace Chat.Tests.Persistence;

/// <summary>The contracts of the read model over PostgreSQL, and what only a cluster has.</summary>
public static class PostgresReadModelTests
{
    [RequiresPostgres]
    public sealed class Messages() : ReadModelMessagesContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Sessions() : ReadModelSessionsContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Paging() : ReadModelPagingContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Projection() : ReadModelProjectionContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Rebuild() : ReadModelRebuildContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class OverJournal() : ReadModelOverJournalContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Files() : ReadModelFilesContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Search() : ReadModelSearchContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Markers() : ReadModelMarkersContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Lists() : ReadModelListsContract(new PostgresReadModelStore());

    [RequiresPostgres]
    public sealed class Cluster() : ReadModelContract(new PostgresReadModelStore())
    {
        [ContractFact]
        public async Task A_node_that_leads_and_stands_still_is_relieved()
        {
            var other = ((PostgresReadModelStore)Store).OfAnotherNode();
            await using var standsStill = await other.OpenAsync(CancellationToken.None);
            Assert.True(await other.TryLeadAsync(standsStill, CancellationToken.None));
            var session = Story.Create("s");
            Story.Post(session, "hello");
            Projector.Start();
            Assert.True(await Projector.WaitAsync(Log.Last, Long));
            Assert.True(Projector.IsLeading);
        }

        [ContractFact]
        public async Task No_statement_of_the_projector_is_compiled_before_it_runs()
        {
            await using var connection = await Database.OpenAsync(CancellationToken.None);
            Assert.True(await Database.TryLeadAsync(connection, CancellationToken.None));
            // There is no index to sort by, and a sort, which is switched off, counts as dear.
            const string Sorted = "SELECT typinput FROM pg_type ORDER BY typinput::text";
            var plan = await connection.QueryAsync<string>($"EXPLAIN ANALYZE {Sorted}");
            Assert.Contains(plan, line => line.StartsWith("Sort", StringComparison.Ordinal));
            Assert.DoesNotContain(plan, line => line.StartsWith("JIT", StringComparison.Ordinal));
        }

        [ContractFact]
        public async Task What_is_for_many_rows_is_planned_for_the_tables_as_they_are_and_what_is_for_one_is_planned_once()
        {
            SessionId[] sessions = [Story.Create("s1"), Story.Create("s2"), Story.Create("s3")];
            await ProjectAsync();
            await using var connection = await Database.OpenAsync(CancellationToken.None);
            const int Times = 20;
            for (var n = 1; n <= Times; n++)
            {
                await using var transaction = await Database.BeginWriteAsync(connection, CancellationToken.None);
                var change = new SessionChange(n, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, NewMessages: 0, MessagesChanged: false);
                // Two together, and one that nothing of its text follows.
                var statements = sessions[..2].Select(session => SessionStatements.Touch(session.Value, change)).Append(SessionStatements.SetTitle("s3", "title"));
                await Database.ExecuteAsync(transaction, statements, CancellationToken.None);
                await transaction.CommitAsync();
            }
            var plans = (await connection.QueryAsync<(bool IsForMany, long Generic, long Custom)>(
                "SELECT statement LIKE '%unnest%', generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'UPDATE chat_sessions%'")).AsList();

            Assert.Equal((0, Times), plans.Where(plan => plan.IsForMany).Select(plan => (plan.Generic, plan.Custom)).Single());
            Assert.True(plans.Single(plan => !plan.IsForMany).Generic > 0);
        }

        [ContractFact]
        public async Task Where_the_projecting_nodes_connection_is_cut_a_node_goes_on_and_counts_nothing_twice()
        {
            await using var other = new Projector(((PostgresReadModelStore)Store).OfAnotherNode(), Log, TimeProvider.System, NullLogger<Projector>.Instance);
            var session = Story.Create("s");
            Projector.Start();
            Assert.True(await Projector.WaitAsync(Log.Last, Long));
            other.Start();
            Assert.True(await other.WaitAsync(Log.Last, Long));
            Assert.Equal((true, false), (Projector.IsLeading, other.IsLeading));

            for (var n = 1; n <= 5; n++)
            {
                Story.Post(session, $"before cut {n}");
                await using (var connection = await Database.OpenAsync(CancellationToken.None))
                {
                    await connection.ExecuteAsync(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_locks
                        WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """);
                }
                Story.Post(session, $"after cut {n}");
                Assert.True(await Projector.WaitAsync(Log.Last, Long));
                Assert.True(await other.WaitAsync(Log.Last, Long));
                Assert.Equal(2 * n, (await OnlySessionAsync()).MessageCount);
            }
            Assert.False(Projector.IsLeading && other.IsLeading);
            Assert.Equal((0, 0), (Projector.SetAsideCount, other.SetAsideCount));
        }
    }
}
