-- A log drain may take the lines of every app: then it has no app of its own.
CREATE TABLE drain_anew (
  id TEXT PRIMARY KEY,
  -- NULL: every app's lines.
  app_id TEXT REFERENCES app (id) ON DELETE CASCADE,
  -- Sealed: a login may stand in it.
  url BLOB NOT NULL,
  allow_private INTEGER NOT NULL,
  -- The time of the last line that was taken there: a start of the server goes on with it.
  sent_until TEXT NOT NULL
) STRICT;
INSERT INTO drain_anew (id, app_id, url, allow_private, sent_until)
  SELECT id, app_id, url, allow_private, sent_until FROM drain ORDER BY rowid;
DROP TABLE drain;
ALTER TABLE drain_anew RENAME TO drain;
CREATE INDEX drain_of_app ON drain (app_id);
