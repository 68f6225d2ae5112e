-- Within which numbers the server scales a process type by itself, and by what; no row: people alone do.
CREATE TABLE autoscale (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  process TEXT NOT NULL,
  least INTEGER NOT NULL,
  most INTEGER NOT NULL,
  measure TEXT NOT NULL CHECK (measure IN ('queue', 'p95', 'cpu')),
  threshold REAL NOT NULL,
  -- When it was last scaled so, or tried to; NULL: never.
  stepped_at TEXT,
  PRIMARY KEY (app_id, process)
) STRICT;
