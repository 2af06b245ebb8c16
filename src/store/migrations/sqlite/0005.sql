-- When a run was last heard of, so that one that is no longer told of ends.
ALTER TABLE runs ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET heard_at = started_at;
CREATE INDEX runs_by_silence ON runs (heard_at) WHERE state = 'running';
