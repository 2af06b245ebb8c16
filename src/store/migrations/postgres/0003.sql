-- What is a person's own in a workspace hangs on an owner's number, not on the person: whoever loses it all loses the
-- number, at once, and the rows go later, some at a time. Texts are BYTEA, for TEXT can't hold U+0000.
CREATE TABLE owners (
    number BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace UUID NOT NULL,
    account UUID NOT NULL,
    UNIQUE (workspace, account)
);

-- Numbers whose rows are to go.
CREATE TABLE disowned (
    owner BIGINT NOT NULL PRIMARY KEY
);

-- Members of a workspace end with it.
CREATE INDEX members_of_workspace ON members (workspace);
DELETE FROM members WHERE workspace IN (SELECT id FROM workspaces WHERE deleted);

CREATE TABLE history (
    owner BIGINT NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    item UUID,
    name BYTEA NOT NULL,
    method BYTEA NOT NULL,
    url BYTEA NOT NULL,
    status INTEGER,
    error BYTEA,
    total_ms DOUBLE PRECISION NOT NULL,
    size BIGINT NOT NULL,
    searched BYTEA NOT NULL,
    request BYTEA NOT NULL,
    source BYTEA NOT NULL,
    response BYTEA,
    PRIMARY KEY (owner, id)
);

CREATE INDEX history_by_age ON history (at);

CREATE TABLE runs (
    owner BIGINT NOT NULL,
    id UUID NOT NULL,
    item UUID,
    environment UUID,
    iterations BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'aborted')),
    requests BIGINT NOT NULL DEFAULT 0,
    errors BIGINT NOT NULL DEFAULT 0,
    passed BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    total_ms DOUBLE PRECISION NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, id)
);

CREATE INDEX runs_by_age ON runs (started_at);

CREATE TABLE run_results (
    owner BIGINT NOT NULL,
    run UUID NOT NULL,
    number BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (owner, run, number),
    FOREIGN KEY (owner, run) REFERENCES runs (owner, id) ON DELETE CASCADE
);

CREATE TABLE own_values (
    owner BIGINT NOT NULL,
    environment UUID NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (owner, environment)
);

CREATE TABLE cookies (
    owner BIGINT NOT NULL PRIMARY KEY,
    jar BYTEA NOT NULL
);

-- The number of a member, made with its first use; NULL for who is none. Both rows stay as they are until the caller's
-- transaction ends: a removal waits for what is written meanwhile, and takes it along.
CREATE FUNCTION owner_to_write(wanted_workspace UUID, wanted_account UUID) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
    found_number BIGINT;
BEGIN
    PERFORM FROM members m WHERE m.account = wanted_account AND m.workspace = wanted_workspace FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- More than once only while somebody takes it all away in between.
    LOOP
        SELECT o.number INTO found_number FROM owners o
            WHERE o.workspace = wanted_workspace AND o.account = wanted_account FOR KEY SHARE;
        IF FOUND THEN
            RETURN found_number;
        END IF;
        INSERT INTO owners (workspace, account) VALUES (wanted_workspace, wanted_account) ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- Takes their numbers from one owner, or from all of a workspace.
CREATE FUNCTION disown(wanted_workspace UUID, wanted_account UUID) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (
        DELETE FROM owners o
        WHERE o.workspace = wanted_workspace AND (wanted_account IS NULL OR o.account = wanted_account)
        RETURNING o.number
    )
    INSERT INTO disowned (owner) SELECT g.number FROM gone g;
END
$$;

-- Deletes some of what is older, and of what nobody owns any more; whether there may be more. What somebody is writing
-- is left for the next time, so that this waits for nobody.
CREATE FUNCTION sweep_own(older_than BIGINT, at_once BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
DECLARE
    whose BIGINT;
    deleted BIGINT;
    is_more BOOLEAN;
    is_whole BOOLEAN;
BEGIN
    DELETE FROM history WHERE (owner, id) IN (
        SELECT h.owner, h.id FROM history h WHERE h.at < older_than ORDER BY h.at LIMIT at_once FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    is_more := deleted = at_once;
    -- Fewer of these: each takes its results along.
    DELETE FROM runs WHERE (owner, id) IN (
        SELECT r.owner, r.id FROM runs r WHERE r.started_at < older_than
        ORDER BY r.started_at LIMIT at_once / 50 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    is_more := is_more OR deleted = at_once / 50;

    SELECT d.owner INTO whose FROM disowned d ORDER BY d.owner LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN is_more;
    END IF;
    DELETE FROM history WHERE (owner, id) IN (
        SELECT h.owner, h.id FROM history h WHERE h.owner = whose LIMIT at_once);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    is_whole := deleted < at_once;
    DELETE FROM run_results WHERE (owner, run, number) IN (
        SELECT r.owner, r.run, r.number FROM run_results r WHERE r.owner = whose LIMIT at_once);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    is_whole := is_whole AND deleted < at_once;
    IF is_whole THEN
        DELETE FROM runs r WHERE r.owner = whose;
        DELETE FROM own_values v WHERE v.owner = whose;
        DELETE FROM cookies c WHERE c.owner = whose;
        DELETE FROM disowned d WHERE d.owner = whose;
    END IF;
    RETURN TRUE;
END
$$;

-- As before, but who is a member no more owns nothing here any more, and values for an environment go with it.
CREATE OR REPLACE FUNCTION append_batch(
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
                PERFORM disown(batch_workspace, change_ids[i]);
            WHEN 'invitation' THEN
                INSERT INTO invitations (token_hash, workspace, id)
                    VALUES (change_hashes[i], batch_workspace, change_ids[i]);
            WHEN 'no invitation' THEN
                DELETE FROM invitations v WHERE v.workspace = batch_workspace AND v.id = change_ids[i];
            WHEN 'no environment' THEN
                DELETE FROM own_values v USING owners o
                    WHERE o.workspace = batch_workspace AND v.owner = o.number AND v.environment = change_ids[i];
            WHEN 'deleted' THEN
                UPDATE workspaces w SET deleted = TRUE WHERE w.number = found_workspace.number;
                DELETE FROM members m WHERE m.workspace = batch_workspace;
                PERFORM disown(batch_workspace, NULL);
        END CASE;
    END LOOP;
    RETURN QUERY SELECT 'written', NULL::UUID, NULL::UUID, NULL::BIGINT;
END
$$;
