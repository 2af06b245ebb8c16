-- What nodes of one store know each other by.
CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO keys (name, key) VALUES ('cluster', randomblob(32));
