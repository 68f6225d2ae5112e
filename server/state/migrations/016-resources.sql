-- What containers of a process type may use, where the app's people say so; type '*': all without a word of their own.
CREATE TABLE resource (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  process TEXT NOT NULL,
  -- NULL: by rule.
  cpus REAL,
  memory_bytes INTEGER,
  reserved_cpus REAL,
  reserved_memory_bytes INTEGER,
  PRIMARY KEY (app_id, process)
) STRICT;

-- Who keeps deploys off an app, since when, and why; no row: nobody.
CREATE TABLE app_lock (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  who TEXT NOT NULL,
  since TEXT NOT NULL,
  reason TEXT
) STRICT;
