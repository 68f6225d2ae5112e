-- Part of the release: a rollback brings back how it is told whether it is well.
ALTER TABLE release ADD COLUMN checks TEXT NOT NULL DEFAULT '{}';

-- What checks:set, checks:disable and checks:skip say; null: by rule.
CREATE TABLE check_settings (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  wait_to_retire_s INTEGER,
  wait_s INTEGER,
  timeout_s INTEGER,
  attempts INTEGER,
  modes TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- How it ended the last time by itself, with its last lines.
ALTER TABLE container ADD COLUMN last_end TEXT;

-- A minute from here on a release that dies is taken back.
ALTER TABLE deploy ADD COLUMN switched_at TEXT;
-- What was said of a failure: message, what to do next, last lines.
ALTER TABLE deploy ADD COLUMN explanation TEXT;
