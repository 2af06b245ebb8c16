-- What nodes of one store know each other by. PostgreSQL has no random bytes without an extension; two UUIDs have 244
-- random bits.
CREATE TABLE keys (
    name TEXT NOT NULL PRIMARY KEY,
    key BYTEA NOT NULL
);
INSERT INTO keys (name, key)
VALUES ('cluster', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
