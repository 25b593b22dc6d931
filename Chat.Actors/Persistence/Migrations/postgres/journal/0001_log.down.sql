DROP TABLE snapshot;
DROP TABLE tags;
DROP TABLE journal;
