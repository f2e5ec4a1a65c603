-- Who follows what, and what they were told of it. Personal and operational: the journal
-- has none of it. Times are microseconds since 1970 UTC, positions those of the journal.

-- A row with following = 0 is somebody who does not want to follow: nothing makes them.
CREATE TABLE notify_follows (
    workspace text   NOT NULL,
    entity    text   NOT NULL,
    account   text   NOT NULL,
    kind      text   NOT NULL,
    following bigint NOT NULL, -- 1 or 0
    since     bigint NOT NULL,
    PRIMARY KEY (workspace, entity, account)
);

-- What an account was told of one entity, as one line of its inbox.
CREATE TABLE notify_items (
    workspace     text   NOT NULL,
    account       text   NOT NULL,
    entity        text   NOT NULL,
    kind          text   NOT NULL,
    newest        bigint NOT NULL, -- the position of the newest notice
    newest_at     bigint NOT NULL,
    read_to       bigint NOT NULL, -- notices up to this position are read
    done_to       bigint NOT NULL, -- and done
    done_before   bigint NOT NULL, -- done_to before the latest time, to take that back
    done_at       bigint NOT NULL,
    snoozed_until bigint NOT NULL, -- 0: not snoozed
    PRIMARY KEY (workspace, account, entity)
);

CREATE INDEX notify_items_done ON notify_items (done_at);
CREATE INDEX notify_items_snoozed ON notify_items (snoozed_until);

-- The notices themselves. What changed is read from the journal, with the rights of the
-- reader; here stand just the names of fields.
CREATE TABLE notify_notices (
    workspace text   NOT NULL,
    account   text   NOT NULL,
    entity    text   NOT NULL,
    seq       bigint NOT NULL,
    n         bigint NOT NULL, -- the entry of the commit
    reason    text   NOT NULL,
    actor     text   NOT NULL,
    at        bigint NOT NULL,
    comment   text   NOT NULL, -- the comment that it is about; empty: none
    fields    text   NOT NULL, -- names, with spaces between them
    PRIMARY KEY (workspace, account, entity, seq, n)
);

-- When the inbox of an account last changed: open pages look here.
CREATE TABLE notify_touched (
    workspace text   NOT NULL,
    account   text   NOT NULL,
    at        bigint NOT NULL,
    PRIMARY KEY (workspace, account)
);

CREATE INDEX notify_touched_at ON notify_touched (at);
