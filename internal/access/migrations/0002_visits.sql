-- When an account was last in a workspace, and when it was there the time before. A visit
-- ends after half an hour without a page. Positions are those of the workspace's journal.
CREATE TABLE visits(
  account text NOT NULL,
  workspace text NOT NULL,
  seen_at bigint NOT NULL,
  seen_seq bigint NOT NULL,
  before_at bigint NOT NULL, -- the end of the visit before; 0: this is the first
  before_seq bigint NOT NULL,
  PRIMARY KEY(account, workspace)
);
CREATE INDEX visits_seen_at ON visits(seen_at);
