-- Apps that are in maintenance, or have a page for it.
CREATE TABLE maintenance (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  -- NULL: it is not.
  since TEXT,
  -- HTML; NULL: ours.
  page TEXT
) STRICT;

-- The certificate of an app's domains.
CREATE TABLE certificate (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  source TEXT NOT NULL CHECK (source IN ('added', 'generated', 'letsencrypt')),
  -- PEM, the app's own first.
  chain TEXT NOT NULL,
  private_key BLOB NOT NULL
) STRICT;

-- How the router treats an app's requests, where that is not by rule.
CREATE TABLE route_setting (
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app_id, name)
) STRICT;

-- Who asks a certificate authority: the account that we have at each.
CREATE TABLE acme_account (
  server TEXT PRIMARY KEY,
  url TEXT,
  private_key BLOB NOT NULL
) STRICT;
CREATE TABLE acme_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
