-- A person's first times in a workspace, and the last. Nothing of what was read or sent.
CREATE TABLE engagement (
    workspace UUID NOT NULL,
    account UUID NOT NULL,
    first_visit BIGINT,
    first_call BIGINT,
    first_success BIGINT,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (workspace, account)
);
