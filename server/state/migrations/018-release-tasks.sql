-- Names of the tasks that ran for it (release command, predeploy, ...): what a rollback does not take back.
ALTER TABLE release ADD COLUMN tasks TEXT NOT NULL DEFAULT '[]';
