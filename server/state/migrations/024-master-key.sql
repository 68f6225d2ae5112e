-- A text that is sealed with the master key: tells which key the store is written with.
CREATE TABLE master_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  proof BLOB NOT NULL
) STRICT;
