-- Close a run.
UPDATE cmdb.run
SET status = %(status)s, finished_at = clock_timestamp(), scopes_ok = %(scopes_ok)s,
    scopes_failed = %(scopes_failed)s, items_seen = %(items_seen)s, items_changed = %(items_changed)s,
    findings_changed = %(findings_changed)s, calls = %(calls)s, throttles = %(throttles)s,
    quota = %(quota)s, error = %(error)s
WHERE run_id = %(run_id)s
