-- Apps that are in maintenance, or have a page for it.
CREATE TABLE maintenance (
  app_id TEXT PRIMARY KEY REFERENCES app (id) ON DELETE CASCADE,
  -- NULL: it is not.
  since TEXT,
  -- HTML; NULL: ours.
  page TEXT
) STRICT;
