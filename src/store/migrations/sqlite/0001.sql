-- Ids are 16-byte blobs; times are microseconds since 1970-01-01 UTC.

CREATE TABLE teams (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE team_domains (
    team BLOB NOT NULL REFERENCES teams (id),
    place INTEGER NOT NULL,
    domain TEXT NOT NULL,
    PRIMARY KEY (team, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    team BLOB REFERENCES teams (id)
) STRICT, WITHOUT ROWID;

-- With a rowid, as the states are: rows of many pages make a WITHOUT ROWID tree deep.
CREATE TABLE avatars (
    user BLOB NOT NULL PRIMARY KEY REFERENCES users (id),
    hash TEXT NOT NULL,
    picture BLOB NOT NULL
) STRICT;

CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY,
    user BLOB NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('link', 'single-use link', 'session', 'token')),
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX credentials_of_user ON credentials (user, kind, created_at);

-- What hangs on a workspace has no foreign key: the append that writes it has just read or made the
-- workspace's row, and a check a row would be paid by every event.
CREATE TABLE workspaces (
    number INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    head INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1))
) STRICT;

-- The user first: the table is there to answer which workspaces somebody is in.
CREATE TABLE members (
    workspace BLOB NOT NULL,
    user BLOB NOT NULL,
    PRIMARY KEY (user, workspace)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    token_hash BLOB NOT NULL PRIMARY KEY,
    workspace BLOB NOT NULL,
    id BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_of_workspace ON invitations (workspace, id);

-- By the workspace's number: its id would be a third of what an edit writes.
CREATE TABLE events (
    workspace INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    epoch BLOB NOT NULL,
    stream INTEGER NOT NULL CHECK (stream IN (0, 1)), -- 0 shared, 1 team
    position INTEGER NOT NULL,
    op BLOB,
    at INTEGER NOT NULL,
    author BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, sequence)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX events_by_position ON events (workspace, epoch, stream, position);

-- The op before the author: it begins with a time, so that what is written together stands together.
CREATE TABLE ops (
    workspace INTEGER NOT NULL,
    op BLOB NOT NULL,
    author BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (workspace, op, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE states (
    workspace BLOB NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;

-- One row for `check` to write: that a database can be read says nothing about a full disk.
CREATE TABLE checks (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    made INTEGER NOT NULL
) STRICT;

INSERT INTO checks (id, made) VALUES (1, 0);
