-- The kernel's tables. Times are microseconds since 1970 UTC; identifiers and hashes are raw bytes.
CREATE TABLE workspaces(
  id BLOB NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  seq INTEGER NOT NULL DEFAULT 0,
  last_at INTEGER NOT NULL DEFAULT 0,
  hash BLOB NOT NULL,
  counters TEXT NOT NULL DEFAULT '{}' -- last number given, by prefix of human keys
) STRICT;

-- One row a document. Deleted entities stay as tombstones (doc NULL).
CREATE TABLE entities(
  workspace_id BLOB NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL,
  version INTEGER NOT NULL,
  born INTEGER NOT NULL,
  created_at INTEGER NOT NULL, created_by BLOB NOT NULL,
  updated_at INTEGER NOT NULL, updated_by BLOB NOT NULL,
  schema INTEGER NOT NULL,
  batch BLOB,             -- the import that wrote the row, as long as nothing changed it since
  doc TEXT,
  PRIMARY KEY(workspace_id, kind, id)
) STRICT;
CREATE INDEX entities_batch ON entities(workspace_id, batch) WHERE batch IS NOT NULL;

CREATE TABLE commits(
  workspace_id BLOB NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor BLOB NOT NULL, behalf BLOB,
  verb TEXT NOT NULL,
  branch BLOB, merges BLOB, undoes INTEGER,
  origin INTEGER NOT NULL, -- random per disk commit; settles an unknown outcome
  salt BLOB NOT NULL,
  digest BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY(workspace_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX commits_branch ON commits(workspace_id, branch, seq) WHERE branch IS NOT NULL;

CREATE TABLE journal(
  workspace_id BLOB NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  op TEXT NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL,
  actor BLOB, -- NULL: the commit's
  schema INTEGER NOT NULL,
  was_at INTEGER NOT NULL, was_by BLOB,
  changes TEXT NOT NULL,
  PRIMARY KEY(workspace_id, seq, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_entity ON journal(workspace_id, kind, id, seq, n);

CREATE TABLE blobs(
  workspace_id BLOB NOT NULL, hash TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(workspace_id, hash)
) STRICT;

CREATE TABLE batches(
  workspace_id BLOB NOT NULL, id BLOB NOT NULL,
  state TEXT NOT NULL, begun INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE due(
  workspace_id BLOB NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY(workspace_id, kind, id, name, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_at ON due(at);

CREATE TABLE cursors(
  workspace_id BLOB NOT NULL, follower TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(workspace_id, follower)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases(
  name TEXT NOT NULL PRIMARY KEY, holder BLOB NOT NULL, until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Words of long texts, folded by the kernel. texts leads from an entity to its row in the index.
CREATE TABLE texts(
  workspace_id BLOB NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL, rowid_in_words INTEGER NOT NULL,
  PRIMARY KEY(workspace_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX texts_rowid ON texts(rowid_in_words);
CREATE VIRTUAL TABLE words USING fts5(body, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0", prefix='2 3');
