-- Requests that carried an idempotency key: what they were answered with, so that the
-- same request again gets the same answer. Kept for a day.
CREATE TABLE api_requests (
    workspace text   NOT NULL,
    account   text   NOT NULL,
    key       text   NOT NULL,
    request   text   NOT NULL, -- hash of what was asked
    entity    text   NOT NULL, -- the identifier of what it makes
    begun     bigint NOT NULL,
    held      bigint NOT NULL, -- until then somebody is at it
    status    bigint NOT NULL, -- 0: not answered yet
    location  text   NOT NULL,
    etag      text   NOT NULL,
    body      text   NOT NULL,
    PRIMARY KEY (workspace, account, key)
);

CREATE INDEX api_requests_by_age ON api_requests (begun);
