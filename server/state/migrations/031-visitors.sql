-- Who may visit an app that asks for a name and a password; no row: everybody may.
CREATE TABLE visitor (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  -- visitorDigest
  digest TEXT NOT NULL,
  PRIMARY KEY (app_id, name)
) STRICT;
