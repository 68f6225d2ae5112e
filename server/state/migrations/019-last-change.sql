-- How an app stood before its last change of config, quantities, domains, port or release: what undo brings back.
CREATE TABLE last_change (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  deploy_id INTEGER NOT NULL,
  who TEXT NOT NULL,
  at TEXT NOT NULL,
  before BLOB NOT NULL
) STRICT;
