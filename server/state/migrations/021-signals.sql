-- Jobs whose app may be gone: they are counted together.
CREATE INDEX deploy_of_gone_apps ON deploy (id) WHERE kind IN ('destroy', 'clone');

-- Whom to tell of what happens.
CREATE TABLE webhook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: of what happens on the whole server.
  app_id TEXT REFERENCES app (id) ON DELETE CASCADE,
  -- Sealed: an address often holds a token.
  url BLOB NOT NULL,
  secret BLOB NOT NULL,
  -- Types of events, a space between them.
  events TEXT NOT NULL,
  allow_private INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- What is to be told, and what was: a few of each webhook.
CREATE TABLE delivery (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  -- As the receiver knows it.
  id TEXT NOT NULL UNIQUE,
  webhook_id INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  tried_at TEXT,
  -- Of the last answer; NULL: there was none.
  status INTEGER,
  -- Why the last try failed; NULL: it did not.
  error TEXT,
  -- Milliseconds since 1970; NULL: nothing more is tried.
  next_at INTEGER
) STRICT;
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_of_webhook ON delivery (webhook_id, number);

-- The number of the last event that was looked at for webhooks.
CREATE TABLE webhook_event (sequence INTEGER NOT NULL) STRICT;
