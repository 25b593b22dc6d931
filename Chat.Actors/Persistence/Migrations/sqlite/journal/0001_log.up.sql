-- The layout of Akka.Persistence.Sql's defaults. Its indexes over created and sequence_number alone are left out: no query uses
-- them, and each would cost every append.
CREATE TABLE journal (
    ordering        INTEGER       NOT NULL PRIMARY KEY AUTOINCREMENT,
    deleted         BIT           NOT NULL,
    persistence_id  NVARCHAR(255) NOT NULL,
    sequence_number BIGINT        NOT NULL,
    created         BIGINT        NOT NULL,
    message         BLOB          NOT NULL,
    manifest        NVARCHAR(500) NULL,
    identifier      INTEGER       NULL,
    writer_uuid     NVARCHAR(128) NULL
);

CREATE UNIQUE INDEX journal_uq ON journal (persistence_id, sequence_number);

CREATE TABLE tags (
    ordering_id    INTEGER       NOT NULL,
    tag            NVARCHAR(64)  NOT NULL,
    sequence_nr    INTEGER       NOT NULL,
    persistence_id NVARCHAR(255) NOT NULL,
    PRIMARY KEY (ordering_id, tag)
);

CREATE TABLE snapshot (
    persistence_id  NVARCHAR(255) NOT NULL,
    sequence_number BIGINT        NOT NULL,
    created         BIGINT        NOT NULL,
    snapshot        BLOB          NOT NULL,
    manifest        NVARCHAR(500) NULL,
    serializer_id   INTEGER       NULL,
    PRIMARY KEY (persistence_id, sequence_number)
);
