-- What is built and how, where it is not the root of the tree by rule: set with builder:set.
ALTER TABLE app ADD COLUMN build_dir TEXT;
ALTER TABLE app ADD COLUMN dockerfile_path TEXT;
ALTER TABLE app ADD COLUMN builder TEXT;
