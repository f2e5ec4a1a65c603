-- What an account prefers in a workspace, by names that the pages give; what is not there
-- is as it is for everybody.
CREATE TABLE preferences(
  account text NOT NULL,
  workspace text NOT NULL,
  name text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY(account, workspace, name)
);
