-- An import makes an app, as a clone does.
DROP INDEX IF EXISTS deploy_of_gone_apps;
CREATE INDEX deploy_of_gone_apps ON deploy (id) WHERE kind IN ('destroy', 'clone', 'import');
