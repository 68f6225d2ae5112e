-- 1: the value is the JSON of a path and of the content of the file that containers have there.
ALTER TABLE config_var ADD COLUMN is_file INTEGER NOT NULL DEFAULT 0;
