-- Runs that retire an account.
ALTER TABLE cmdb.run DROP CONSTRAINT ck_run_kind;
ALTER TABLE cmdb.run ADD CONSTRAINT ck_run_kind CHECK (kind IN ('run', 'collect', 'evaluate', 'retire'));
COMMENT ON COLUMN cmdb.run.kind IS 'run (collect and evaluate), collect, evaluate or retire (an account).';
