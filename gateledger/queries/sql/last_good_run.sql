-- The last run that renewed the data: it read something, and whatever it judged it judged whole.
SELECT run_id, kind, started_at, finished_at, as_of, status, scopes_ok, scopes_failed, items_seen,
       items_changed, findings_changed, calls, throttles, error
FROM report.run
WHERE kind IN ('run', 'collect')
  AND (status = 'complete' OR (status = 'incomplete' AND scopes_ok > 0))
ORDER BY run_id DESC
LIMIT 1
