-- How many builds keep their image, and how much these may take on the disk; null: as the server's settings say.
ALTER TABLE app ADD COLUMN keep_releases INTEGER;
ALTER TABLE app ADD COLUMN image_budget INTEGER;
-- Its image is no longer kept: the row is history, and nothing can be brought back from it.
ALTER TABLE release ADD COLUMN image_gone INTEGER NOT NULL DEFAULT 0;
-- It died within a minute of its swap, and the server went back to the release before it.
ALTER TABLE release ADD COLUMN died INTEGER NOT NULL DEFAULT 0;
