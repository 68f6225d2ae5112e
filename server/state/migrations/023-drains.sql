-- Where copies of an app's log lines are sent.
CREATE TABLE drain (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  -- Sealed: a login may stand in it.
  url BLOB NOT NULL,
  allow_private INTEGER NOT NULL,
  -- The time of the last line that was taken there: a start of the server goes on with it.
  sent_until TEXT NOT NULL
) STRICT;
CREATE INDEX drain_of_app ON drain (app_id);
