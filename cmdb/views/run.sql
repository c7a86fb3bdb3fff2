-- Runs of the nightly job and of its halves.
CREATE VIEW report.run AS
SELECT run_id, kind, started_at, finished_at, as_of, status, scopes_ok, scopes_failed, items_seen,
       items_changed, findings_changed, calls, throttles, error, quota
FROM cmdb.run;

COMMENT ON VIEW report.run IS 'One row per run.';
COMMENT ON COLUMN report.run.run_id IS 'Number of the run.';
COMMENT ON COLUMN report.run.kind IS 'run, collect, evaluate or retire.';
COMMENT ON COLUMN report.run.started_at IS 'When it started, by the database''s clock.';
COMMENT ON COLUMN report.run.finished_at IS 'When it ended; null: it runs, or was killed.';
COMMENT ON COLUMN report.run.as_of IS 'The time that everything the run wrote carries.';
COMMENT ON COLUMN report.run.status IS 'running, complete, incomplete (a scope failed), failed or abandoned (killed).';
COMMENT ON COLUMN report.run.scopes_ok IS 'Scopes read completely or skipped on purpose.';
COMMENT ON COLUMN report.run.scopes_failed IS 'Scopes read in part or not at all.';
COMMENT ON COLUMN report.run.items_seen IS 'Items read.';
COMMENT ON COLUMN report.run.items_changed IS 'Items that opened, changed or closed.';
COMMENT ON COLUMN report.run.findings_changed IS 'Compliance records that opened or closed.';
COMMENT ON COLUMN report.run.calls IS 'AWS calls made, retries included.';
COMMENT ON COLUMN report.run.throttles IS 'Calls that AWS answered with 429.';
COMMENT ON COLUMN report.run.error IS 'Why it failed; null: it did not.';
COMMENT ON COLUMN report.run.quota IS 'How much of API Gateway''s request quota it took: the share allowed and the most taken in an account-region, requests in the busiest second, how often others'' use made it step back, and where; null: it collected nothing, or an older version did.';
