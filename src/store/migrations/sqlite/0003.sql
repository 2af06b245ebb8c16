-- What is a person's own in a workspace hangs on an owner's number, not on the person: whoever loses it all loses the
-- number, at once, and the rows go later, some at a time. A number is never given twice.
CREATE TABLE owners (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace BLOB NOT NULL,
    user BLOB NOT NULL,
    UNIQUE (workspace, user)
) STRICT;

-- Numbers whose rows are to go.
CREATE TABLE disowned (
    owner INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- Members of a workspace end with it.
CREATE INDEX members_of_workspace ON members (workspace);
DELETE FROM members WHERE workspace IN (SELECT id FROM workspaces WHERE deleted);

-- What a list shows and a search reads stands first: the rest is on pages of its own when it is large.
CREATE TABLE history (
    number INTEGER NOT NULL PRIMARY KEY,
    owner INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    item BLOB,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER,
    error TEXT,
    total_ms REAL NOT NULL,
    size INTEGER NOT NULL,
    searched TEXT NOT NULL,
    request TEXT NOT NULL,
    source TEXT NOT NULL,
    response TEXT,
    UNIQUE (owner, id)
) STRICT;

CREATE INDEX history_by_age ON history (at);

CREATE TABLE runs (
    owner INTEGER NOT NULL,
    id BLOB NOT NULL,
    item BLOB,
    environment BLOB,
    iterations INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'aborted')),
    requests INTEGER NOT NULL DEFAULT 0,
    errors INTEGER NOT NULL DEFAULT 0,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    total_ms REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_age ON runs (started_at);

CREATE TABLE run_results (
    owner INTEGER NOT NULL,
    run BLOB NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner, run, number),
    FOREIGN KEY (owner, run) REFERENCES runs (owner, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE own_values (
    owner INTEGER NOT NULL,
    environment BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (owner, environment)
) STRICT;

CREATE TABLE cookies (
    owner INTEGER NOT NULL PRIMARY KEY,
    jar TEXT NOT NULL
) STRICT;
