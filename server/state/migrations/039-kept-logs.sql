-- How many bytes of its log an app keeps; null: as the server's settings say.
ALTER TABLE app ADD COLUMN log_bytes INTEGER;
