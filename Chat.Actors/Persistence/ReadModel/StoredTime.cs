using System.Data;
using System.Globalization;
using Chat.Protocol;
using Dapper;
using Npgsql;

namespace Chat.Actors.Persistence;

/// <summary>A time as Dapper passes it: ISO 8601 text in SQLite, a UTC <c>timestamp</c> in PostgreSQL. A type of its own, so that no one else's times are touched.</summary>
internal readonly record struct StoredTime(DateTimeOffset Value)
{
    internal sealed class Handler : SqlMapper.TypeHandler<StoredTime>
    {
        public override StoredTime Parse(object value) => value switch
        {
            string text => new(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)),
            DateTime time => new(new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc))),
            _ => throw new DataException($"A {value.GetType()} is no time"),
        };

        public override void SetValue(IDbDataParameter parameter, StoredTime value)
        {
            if (parameter is NpgsqlParameter postgres)
            {
                postgres.NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Timestamp;
                postgres.Value = DateTime.SpecifyKind(value.Value.UtcDateTime, DateTimeKind.Unspecified);
            }
            else
            {
                parameter.Value = value.Value.ToWire();
            }
        }
    }
}
