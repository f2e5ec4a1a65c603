-- Which migrations of their plain tables the slices have had.
CREATE TABLE record_migrations(
  owner text COLLATE "C" NOT NULL, number integer NOT NULL,
  name text NOT NULL,
  applied_at bigint NOT NULL,
  PRIMARY KEY(owner, number)
);
