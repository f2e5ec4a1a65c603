-- Which migrations of their plain tables the slices have had.
CREATE TABLE record_migrations(
  owner TEXT NOT NULL, number INTEGER NOT NULL,
  name TEXT NOT NULL,
  applied_at INTEGER NOT NULL,
  PRIMARY KEY(owner, number)
) STRICT, WITHOUT ROWID;
