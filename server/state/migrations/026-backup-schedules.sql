-- How often a service is backed up by itself, and how many of these backups stay; no row: never.
CREATE TABLE backup_schedule (
  service_id TEXT PRIMARY KEY REFERENCES service (id) ON DELETE CASCADE,
  every TEXT NOT NULL CHECK (every IN ('hour', 'day', 'week')),
  keep INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  -- Why the last one did not come about; NULL: it did.
  failure TEXT
) STRICT;
