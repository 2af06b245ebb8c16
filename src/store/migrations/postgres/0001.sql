-- Times are microseconds since 1970-01-01 UTC. What people name themselves and their things is BYTEA: TEXT can't hold
-- U+0000, and a name may.

CREATE TABLE teams (
    id UUID NOT NULL PRIMARY KEY,
    name BYTEA NOT NULL
);

CREATE TABLE team_domains (
    team UUID NOT NULL REFERENCES teams (id),
    place BIGINT NOT NULL,
    domain TEXT NOT NULL,
    PRIMARY KEY (team, place)
);

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name BYTEA NOT NULL,
    team UUID REFERENCES teams (id)
);

CREATE TABLE avatars (
    account UUID NOT NULL PRIMARY KEY REFERENCES accounts (id),
    hash TEXT NOT NULL,
    picture BYTEA NOT NULL
);

CREATE TABLE credentials (
    id UUID NOT NULL PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('link', 'single-use link', 'session', 'token')),
    name BYTEA NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE INDEX credentials_of_account ON credentials (account, kind, created_at);

-- What hangs on a workspace has no foreign key: the append that writes it has just locked or made the workspace's row,
-- and a check a row would be paid by every event. Half-empty pages, so that the head moves within its page.
CREATE TABLE workspaces (
    number BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    head BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
) WITH (fillfactor = 50);

-- The account first: the table is there to answer which workspaces somebody is in.
CREATE TABLE members (
    workspace UUID NOT NULL,
    account UUID NOT NULL,
    PRIMARY KEY (account, workspace)
);

CREATE TABLE invitations (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    workspace UUID NOT NULL,
    id UUID NOT NULL
);

CREATE INDEX invitations_of_workspace ON invitations (workspace, id);

CREATE TABLE events (
    workspace BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    epoch UUID NOT NULL,
    stream SMALLINT NOT NULL CHECK (stream IN (0, 1)), -- 0 shared, 1 team
    position BIGINT NOT NULL,
    op UUID,
    at BIGINT NOT NULL,
    author UUID NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, sequence)
);

CREATE UNIQUE INDEX events_by_position ON events (workspace, epoch, stream, position);

-- The op before the author: it begins with a time, so that what is written together stands together.
CREATE TABLE ops (
    workspace BIGINT NOT NULL,
    op UUID NOT NULL,
    author UUID NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (workspace, op, author)
);

CREATE TABLE states (
    workspace UUID NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    state BYTEA NOT NULL
);

-- Both come compressed.
ALTER TABLE avatars ALTER COLUMN picture SET STORAGE EXTERNAL;
ALTER TABLE states ALTER COLUMN state SET STORAGE EXTERNAL;

-- One row for `check` to write: that a database can be read says nothing about a full disk.
CREATE TABLE checks (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    made BIGINT NOT NULL
);

INSERT INTO checks (id, made) VALUES (1, 0);

-- A whole append, so that it is one round trip. It decides before it writes: a refusal has nothing to undo, and is no
-- error in PostgreSQL's log. The workspace's row is locked first; under READ COMMITTED every statement after that sees
-- all that the writers before this one committed.
CREATE FUNCTION append_batch(
    batch_workspace UUID,
    batch_after BIGINT,
    epochs UUID[],
    streams SMALLINT[],
    positions BIGINT[],
    event_ops UUID[],
    times BIGINT[],
    authors UUID[],
    bodies BYTEA[],
    answer_ops UUID[],
    answer_authors UUID[],
    answer_positions BIGINT[],
    change_kinds TEXT[],
    change_ids UUID[],
    change_hashes BYTEA[]
) RETURNS TABLE (outcome TEXT, repeated_op UUID, repeated_author UUID, repeated_position BIGINT)
LANGUAGE plpgsql AS $$
DECLARE
    found_workspace workspaces%ROWTYPE;
BEGIN
    SELECT * INTO found_workspace FROM workspaces w WHERE w.id = batch_workspace FOR UPDATE;
    IF NOT FOUND AND batch_after = 0 THEN
        -- Waits for another who is making it, too.
        INSERT INTO workspaces (id, head) VALUES (batch_workspace, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO found_workspace FROM workspaces w WHERE w.id = batch_workspace FOR UPDATE;
    END IF;
    IF found_workspace.number IS NULL OR found_workspace.deleted OR found_workspace.head <> batch_after THEN
        RETURN QUERY SELECT 'conflict', NULL::UUID, NULL::UUID, NULL::BIGINT;
        RETURN;
    END IF;

    -- LIMIT makes it one look-up an answer: joined, a plan made for a short table would go through all of a long one.
    RETURN QUERY
        SELECT 'repeated', a.op, a.author, written.position
        FROM unnest(answer_ops, answer_authors) WITH ORDINALITY AS a (op, author, n)
        CROSS JOIN LATERAL (
            SELECT o.position FROM ops o
            WHERE o.workspace = found_workspace.number AND o.op = a.op AND o.author = a.author LIMIT 1
        ) AS written
        ORDER BY a.n;
    IF FOUND THEN
        RETURN;
    END IF;

    INSERT INTO ops (workspace, op, author, position)
        SELECT found_workspace.number, a.op, a.author, a.position
        FROM unnest(answer_ops, answer_authors, answer_positions) AS a (op, author, position);
    INSERT INTO events (workspace, sequence, epoch, stream, position, op, at, author, body)
        SELECT found_workspace.number, batch_after + e.n, e.epoch, e.stream, e.position, e.op, e.at, e.author, e.body
        FROM unnest(epochs, streams, positions, event_ops, times, authors, bodies)
            WITH ORDINALITY AS e (epoch, stream, position, op, at, author, body, n);
    UPDATE workspaces w SET head = batch_after + cardinality(bodies) WHERE w.number = found_workspace.number;

    -- In their order: what is made may be undone in the same batch.
    FOR i IN 1 .. cardinality(change_kinds) LOOP
        CASE change_kinds[i]
            WHEN 'member' THEN
                INSERT INTO members (workspace, account) VALUES (batch_workspace, change_ids[i]) ON CONFLICT DO NOTHING;
            WHEN 'not member' THEN
                DELETE FROM members m WHERE m.workspace = batch_workspace AND m.account = change_ids[i];
            WHEN 'invitation' THEN
                INSERT INTO invitations (token_hash, workspace, id)
                    VALUES (change_hashes[i], batch_workspace, change_ids[i]);
            WHEN 'no invitation' THEN
                DELETE FROM invitations v WHERE v.workspace = batch_workspace AND v.id = change_ids[i];
            WHEN 'deleted' THEN
                UPDATE workspaces w SET deleted = TRUE WHERE w.number = found_workspace.number;
        END CASE;
    END LOOP;
    RETURN QUERY SELECT 'written', NULL::UUID, NULL::UUID, NULL::BIGINT;
END
$$;

-- No row when it was to be the first team, and isn't.
CREATE FUNCTION make_team(
    only_first BOOLEAN,
    team_id UUID,
    team_name BYTEA,
    domains TEXT[],
    admin_id UUID,
    admin_email TEXT,
    admin_name BYTEA
) RETURNS SETOF accounts
LANGUAGE plpgsql AS $$
BEGIN
    IF only_first THEN
        -- So that of two at once one finds the other's.
        LOCK TABLE teams IN SHARE ROW EXCLUSIVE MODE;
        IF EXISTS (SELECT FROM teams) THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO teams (id, name) VALUES (team_id, team_name);
    INSERT INTO team_domains (team, place, domain)
        SELECT team_id, d.place, d.domain FROM unnest(domains) WITH ORDINALITY AS d (domain, place);
    RETURN QUERY
        INSERT INTO accounts AS a (id, email, name, team) VALUES (admin_id, admin_email, admin_name, team_id)
        ON CONFLICT (email) DO UPDATE SET team = excluded.team
        RETURNING a.*;
END
$$;
