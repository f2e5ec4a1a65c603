-- What a person keeps at hand in the sidebar of a workspace, in the order in which it was
-- put there.
CREATE TABLE favourites(
  account text NOT NULL,
  workspace text NOT NULL,
  kind text NOT NULL,
  entity text NOT NULL,
  kept_at bigint NOT NULL,
  PRIMARY KEY(account, workspace, entity)
);
