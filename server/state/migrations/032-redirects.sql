-- Paths of an app's domains that have moved.
CREATE TABLE redirect (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  -- A path, or a URL.
  target TEXT NOT NULL,
  PRIMARY KEY (app_id, path)
) STRICT;
