-- What a program shows in place of a key. Of the secret only its SHA-256 is kept, in hex.
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  -- The most that it may do on an app; 'server': all that its person may.
  role TEXT NOT NULL CHECK (role IN ('viewer', 'developer', 'admin', 'server')),
  -- 1: on every app of its person, also on those to come. An app that is destroyed leaves a token that lists it with one less.
  every_app INTEGER NOT NULL CHECK (every_app IN (0, 1)),
  created_at TEXT NOT NULL,
  -- NULL: it has no end.
  expires_at TEXT,
  -- To the minute; NULL: never.
  used_at TEXT,
  UNIQUE (user_id, name)
) STRICT;

CREATE TABLE token_app (
  token_id TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  PRIMARY KEY (token_id, app_id)
) STRICT;
