-- What a job's end gave to whoever waited for it: the exit code of his command.
ALTER TABLE deploy ADD COLUMN exit_code INTEGER;
-- Whether a job goes on when the connection that asked for it is lost: 'detach'; null: it is cancelled.
ALTER TABLE app ADD COLUMN on_disconnect TEXT CHECK (on_disconnect IN ('detach'));
