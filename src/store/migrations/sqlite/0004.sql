-- A person's first times in a workspace, and the last. Nothing of what was read or sent.
CREATE TABLE engagement (
    workspace BLOB NOT NULL,
    user BLOB NOT NULL,
    first_visit INTEGER,
    first_call INTEGER,
    first_success INTEGER,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (workspace, user)
) STRICT, WITHOUT ROWID;
