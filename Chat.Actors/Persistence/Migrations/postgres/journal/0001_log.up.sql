-- The layout of Akka.Persistence.Sql's defaults. Its indexes over created and sequence_number alone are left out: no query uses
-- them, and each would cost every append.
CREATE TABLE journal (
    ordering        bigserial    NOT NULL PRIMARY KEY,
    deleted         boolean      NOT NULL,
    persistence_id  varchar(255) NOT NULL,
    sequence_number bigint       NOT NULL,
    created         bigint       NOT NULL,
    message         bytea        NOT NULL,
    manifest        varchar(500) NULL,
    identifier      integer      NULL,
    writer_uuid     varchar(128) NULL,
    CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number)
);

CREATE TABLE tags (
    ordering_id    bigint       NOT NULL,
    tag            varchar(64)  NOT NULL,
    sequence_nr    bigint       NOT NULL,
    persistence_id varchar(255) NOT NULL,
    PRIMARY KEY (ordering_id, tag)
);

CREATE TABLE snapshot (
    persistence_id  varchar(255) NOT NULL,
    sequence_number bigint       NOT NULL,
    created         bigint       NOT NULL,
    snapshot        bytea        NOT NULL,
    manifest        varchar(500) NULL,
    serializer_id   integer      NULL,
    PRIMARY KEY (persistence_id, sequence_number)
);
