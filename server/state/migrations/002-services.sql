-- A row is written before anything is made outside, so that what a crash leaves half-made can be undone.
CREATE TABLE service (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  owner_id TEXT REFERENCES user (id) ON DELETE SET NULL,
  state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'destroying')),
  database TEXT NOT NULL,
  user TEXT NOT NULL,
  password BLOB NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (kind, name)
) STRICT;

-- No foreign key on the app: its database user has to be dropped before the row may go.
CREATE TABLE service_link (
  id TEXT PRIMARY KEY,
  service_id TEXT NOT NULL REFERENCES service (id) ON DELETE CASCADE,
  app_id TEXT NOT NULL,
  alias TEXT NOT NULL,
  is_primary INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing')),
  subnet TEXT NOT NULL,
  user TEXT NOT NULL,
  password BLOB NOT NULL
) STRICT;
CREATE INDEX service_link_app ON service_link (app_id);

ALTER TABLE release ADD COLUMN links TEXT NOT NULL DEFAULT '[]';
