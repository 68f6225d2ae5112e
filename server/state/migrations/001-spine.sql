CREATE TABLE instance (
  id TEXT PRIMARY KEY,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE app (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  deploy_branch TEXT,
  port INTEGER,
  subnet TEXT UNIQUE,
  next_address INTEGER NOT NULL DEFAULT 2,
  stopped INTEGER NOT NULL DEFAULT 0,
  release INTEGER,
  domains_set INTEGER NOT NULL DEFAULT 0,
  destroying INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE config_var (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (app_id, name)
) STRICT;

CREATE TABLE release (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  image TEXT NOT NULL,
  commit_id TEXT,
  config BLOB NOT NULL,
  processes TEXT NOT NULL,
  formation TEXT NOT NULL,
  port INTEGER NOT NULL,
  entrypoint INTEGER NOT NULL DEFAULT 0,
  description TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (app_id, version)
) STRICT;

CREATE TABLE formation (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  process TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (app_id, process)
) STRICT;

CREATE TABLE domain (
  host TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE
) STRICT;

-- What should run. A row is written before its container exists, so a stray can always be told from ours.
CREATE TABLE container (
  name TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  process TEXT NOT NULL,
  number INTEGER NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('starting', 'live', 'retiring')),
  deploy_id INTEGER,
  restarts INTEGER NOT NULL DEFAULT 0,
  crashed TEXT
) STRICT;

CREATE TABLE deploy (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  who TEXT NOT NULL,
  started_at TEXT NOT NULL,
  step TEXT NOT NULL DEFAULT 'begun',
  switched INTEGER NOT NULL DEFAULT 0,
  version INTEGER,
  ref TEXT,
  ref_from TEXT,
  ref_to TEXT,
  ended_at TEXT,
  outcome TEXT,
  message TEXT
) STRICT;
CREATE INDEX deploy_open ON deploy (ended_at) WHERE ended_at IS NULL;
CREATE INDEX deploy_app ON deploy (app_id, id);

CREATE TABLE user (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE key (
  fingerprint TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  public_line TEXT NOT NULL,
  default_app TEXT REFERENCES app (id) ON DELETE SET NULL,
  added_at TEXT NOT NULL
) STRICT;

CREATE TABLE access (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'developer', 'admin')),
  PRIMARY KEY (app_id, user_id)
) STRICT;
