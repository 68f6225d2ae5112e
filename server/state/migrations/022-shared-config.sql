-- Config vars that every app has beside its own; and the names of those that a release takes.
CREATE TABLE shared_var (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
ALTER TABLE release ADD COLUMN shared TEXT NOT NULL DEFAULT '[]';
