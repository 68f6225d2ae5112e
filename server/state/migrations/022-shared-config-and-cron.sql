-- Config vars that every app has beside its own; and the names of those that a release takes.
CREATE TABLE shared_var (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
ALTER TABLE release ADD COLUMN shared TEXT NOT NULL DEFAULT '[]';

-- Commands that run by a schedule: a release's entries, those that are suspended, and what has become of each run.
ALTER TABLE release ADD COLUMN cron TEXT NOT NULL DEFAULT '[]';
CREATE TABLE cron_suspended (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  entry TEXT NOT NULL,
  PRIMARY KEY (app_id, entry)
) STRICT;
CREATE TABLE cron_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  entry TEXT NOT NULL,
  command TEXT NOT NULL,
  due_at TEXT,
  who TEXT NOT NULL,
  started_at TEXT NOT NULL,
  run TEXT,
  ended_at TEXT,
  outcome TEXT,
  exit_code INTEGER,
  message TEXT
) STRICT;
CREATE INDEX cron_run_app ON cron_run (app_id, id);
-- Up to when all that was due has a row in cron_run; one row.
CREATE TABLE cron_seen (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  until TEXT NOT NULL
) STRICT;
