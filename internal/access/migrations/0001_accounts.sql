-- Who may sign in, and by what. Secrets are kept as hashes alone; times are microseconds
-- since 1970 UTC, flags 0 or 1, and an empty identifier is none.
CREATE TABLE accounts(
  id text NOT NULL PRIMARY KEY,
  email text NOT NULL UNIQUE, -- in its normal form
  name text NOT NULL,
  password text NOT NULL, -- argon2id with its parameters
  admin bigint NOT NULL,
  disabled bigint NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE TABLE sessions(
  id text NOT NULL PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  account text NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  addr text NOT NULL,
  agent text NOT NULL
);
CREATE INDEX sessions_account ON sessions(account);
-- Revoked tokens stay: the journal names them.
CREATE TABLE tokens(
  id text NOT NULL PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  account text NOT NULL,
  name text NOT NULL,
  scope text NOT NULL,
  workspace text NOT NULL,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL, -- 0: never
  revoked_at bigint NOT NULL -- 0: in force
);
CREATE INDEX tokens_account ON tokens(account);
CREATE TABLE invitations(
  id text NOT NULL PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  email text NOT NULL,
  workspace text NOT NULL,
  workspace_name text NOT NULL,
  role text NOT NULL,
  product text NOT NULL,
  invited_by text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX invitations_workspace ON invitations(workspace);
CREATE TABLE resets(
  hash text NOT NULL PRIMARY KEY,
  account text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE TABLE setup_codes(
  hash text NOT NULL PRIMARY KEY,
  expires_at bigint NOT NULL
);
-- One row. Who changes what other processes keep in memory counts up first and so waits
-- for whoever did before.
CREATE TABLE access_state(
  one bigint NOT NULL PRIMARY KEY,
  changes bigint NOT NULL,
  set_up bigint NOT NULL -- an account exists or has existed
);
INSERT INTO access_state(one, changes, set_up) VALUES (1, 0, 0);
-- What has changed: an account, with its sessions and tokens, or a single token.
CREATE TABLE access_changes(
  n bigint NOT NULL,
  who text NOT NULL,
  PRIMARY KEY(n, who)
);
CREATE TABLE access_log(
  id text NOT NULL PRIMARY KEY,
  at bigint NOT NULL,
  verb text NOT NULL,
  account text NOT NULL, -- who did it
  token text NOT NULL, -- and by which token
  subject text NOT NULL, -- the account, session, token or invitation it was done to
  detail text NOT NULL,
  addr text NOT NULL,
  agent text NOT NULL
);
CREATE INDEX access_log_at ON access_log(at);
