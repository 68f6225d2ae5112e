-- One app reaches another's web processes, in a network that only these two are in.
CREATE TABLE app_link (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  target_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  alias TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing')),
  subnet TEXT UNIQUE,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX app_link_app ON app_link (app_id);
CREATE INDEX app_link_target ON app_link (target_id);
ALTER TABLE release ADD COLUMN app_links TEXT NOT NULL DEFAULT '[]';
