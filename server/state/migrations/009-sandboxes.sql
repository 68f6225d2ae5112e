-- Docker's name of the container whose network namespace this one is in.
ALTER TABLE container ADD COLUMN sandbox TEXT NOT NULL DEFAULT '';
-- Containers of before have their network themselves: they are made again in a sandbox when the server starts.
UPDATE container SET sandbox = name || '-net';
