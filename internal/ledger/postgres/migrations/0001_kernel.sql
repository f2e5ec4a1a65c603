-- The kernel's tables. Times are microseconds since 1970 UTC; hashes are raw bytes.
CREATE TABLE workspaces(
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  seq bigint NOT NULL DEFAULT 0,
  last_at bigint NOT NULL DEFAULT 0,
  hash bytea NOT NULL,
  counters jsonb NOT NULL DEFAULT '{}' -- last number given, by prefix of human keys
) WITH (fillfactor=50); -- room for updates in place

-- One row a document. Deleted entities stay as tombstones (doc NULL).
CREATE TABLE entities(
  workspace_id uuid NOT NULL, kind text COLLATE "C" NOT NULL, id uuid NOT NULL,
  version bigint NOT NULL,
  born bigint NOT NULL,
  created_at bigint NOT NULL, created_by uuid NOT NULL,
  updated_at bigint NOT NULL, updated_by uuid NOT NULL,
  schema integer NOT NULL,
  batch uuid,             -- the import that wrote the row, as long as nothing changed it since
  doc jsonb,
  PRIMARY KEY(workspace_id, kind, id)
) WITH (fillfactor=85);
CREATE INDEX entities_batch ON entities(workspace_id, batch) WHERE batch IS NOT NULL;

CREATE TABLE commits(
  workspace_id uuid NOT NULL, seq bigint NOT NULL,
  at bigint NOT NULL,
  actor uuid NOT NULL, behalf uuid,
  verb text NOT NULL,
  branch uuid, merges uuid, undoes bigint,
  origin bigint NOT NULL, -- random per disk commit; settles an unknown outcome
  salt bytea NOT NULL,
  digest bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY(workspace_id, seq)
);
CREATE INDEX commits_branch ON commits(workspace_id, branch, seq) WHERE branch IS NOT NULL;

-- changes is json, not jsonb: the hash of a commit is over the very text.
CREATE TABLE journal(
  workspace_id uuid NOT NULL, seq bigint NOT NULL, n integer NOT NULL,
  at bigint NOT NULL,
  op text NOT NULL, kind text COLLATE "C" NOT NULL, id uuid NOT NULL,
  actor uuid, -- NULL: the commit's
  schema integer NOT NULL,
  was_at bigint NOT NULL, was_by uuid,
  changes json NOT NULL,
  PRIMARY KEY(workspace_id, seq, n)
);
CREATE INDEX journal_entity ON journal(workspace_id, kind, id, seq, n);

CREATE TABLE blobs(
  workspace_id uuid NOT NULL, hash text NOT NULL, body bytea NOT NULL,
  PRIMARY KEY(workspace_id, hash)
);

CREATE TABLE batches(
  workspace_id uuid NOT NULL, id uuid NOT NULL,
  state text NOT NULL, begun bigint NOT NULL, ended bigint NOT NULL DEFAULT 0,
  PRIMARY KEY(workspace_id, id)
);

CREATE TABLE due(
  workspace_id uuid NOT NULL, at bigint NOT NULL, kind text NOT NULL, id uuid NOT NULL, name text NOT NULL,
  PRIMARY KEY(workspace_id, kind, id, name, at)
);
CREATE INDEX due_at ON due(at);

CREATE TABLE cursors(
  workspace_id uuid NOT NULL, follower text NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY(workspace_id, follower)
);

CREATE TABLE leases(name text PRIMARY KEY, holder uuid NOT NULL, until bigint NOT NULL);

-- Words of long texts, folded by the kernel.
CREATE TABLE texts(
  workspace_id uuid NOT NULL, kind text NOT NULL, id uuid NOT NULL, words tsvector NOT NULL,
  PRIMARY KEY(workspace_id, kind, id)
);
CREATE INDEX texts_words ON texts USING gin(words);
