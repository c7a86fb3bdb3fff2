SELECT run_id, kind, as_of, status, scopes_ok, scopes_failed, items_seen, items_changed, findings_changed
FROM report.run
ORDER BY run_id DESC
LIMIT 5
