-- When a run was last heard of, so that one that is no longer told of ends. A node of before adds runs without it.
ALTER TABLE runs ADD COLUMN heard_at BIGINT NOT NULL DEFAULT ((EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT);
UPDATE runs SET heard_at = started_at;
CREATE INDEX runs_by_silence ON runs (heard_at) WHERE state = 'running';

-- Deletes some of a run, its results first. How many runs: one, or none when there was none. NULL: there is more of it.
CREATE FUNCTION delete_some_of_run(run_owner BIGINT, run_id UUID, at_once BIGINT) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
    deleted BIGINT;
BEGIN
    DELETE FROM run_results WHERE (owner, run, number) IN (
        SELECT r.owner, r.run, r.number FROM run_results r WHERE r.owner = run_owner AND r.run = run_id LIMIT at_once);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted = at_once THEN
        RETURN NULL;
    END IF;
    DELETE FROM runs r WHERE r.owner = run_owner AND r.id = run_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;

-- As before, but of an old run no more than a step at a time.
CREATE OR REPLACE FUNCTION sweep_own(older_than BIGINT, at_once BIGINT) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
DECLARE
    whose BIGINT;
    which UUID;
    deleted BIGINT;
    is_more BOOLEAN;
    is_whole BOOLEAN;
BEGIN
    DELETE FROM history WHERE (owner, id) IN (
        SELECT h.owner, h.id FROM history h WHERE h.at < older_than ORDER BY h.at LIMIT at_once FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    is_more := deleted = at_once;
    SELECT r.owner, r.id INTO whose, which FROM runs r WHERE r.started_at < older_than
        ORDER BY r.started_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        PERFORM delete_some_of_run(whose, which, at_once);
        is_more := TRUE;
    END IF;

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
