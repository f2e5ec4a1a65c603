-- What a database knows of the installation it belongs to.
CREATE TABLE installation(
  name text NOT NULL PRIMARY KEY,
  value text NOT NULL
);
