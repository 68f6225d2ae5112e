-- A service that clients outside of this machine reach, from where, and with which user; no row: none do.
CREATE TABLE service_exposure (
  service_id TEXT PRIMARY KEY REFERENCES service (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing')),
  source TEXT NOT NULL,
  user TEXT NOT NULL,
  password BLOB NOT NULL
) STRICT;
