-- Named volumes of apps, for files that outlive containers and releases.
CREATE TABLE volume (
  id TEXT PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  -- Docker's name of it; a restore puts another in its place.
  docker_name TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL,
  UNIQUE (app_id, name)
) STRICT;

-- Where an app's containers see files of a volume or of the host.
CREATE TABLE mount (
  id INTEGER PRIMARY KEY,
  app_id TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE,
  volume_id TEXT REFERENCES volume (id) ON DELETE CASCADE,
  host_path TEXT,
  directory TEXT NOT NULL,
  -- NULL: all of them.
  process TEXT,
  CHECK ((volume_id IS NULL) <> (host_path IS NULL))
) STRICT;

CREATE UNIQUE INDEX mount_place ON mount (app_id, directory, coalesce(process, ''));
