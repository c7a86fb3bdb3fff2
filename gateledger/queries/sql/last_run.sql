-- The latest run.
SELECT run_id, kind, started_at, finished_at, as_of, status, scopes_ok, scopes_failed, items_seen,
       items_changed, findings_changed, calls, throttles, error, quota
FROM report.run
ORDER BY run_id DESC
LIMIT 1
