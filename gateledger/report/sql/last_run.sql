-- The last evaluation that ended well, the one before it, and the first of all.
SELECT run_id, kind, as_of, status, scopes_ok, scopes_failed, items_seen,
       (SELECT max(b.as_of) FROM report.run AS b
        WHERE b.kind IN ('run', 'evaluate') AND b.status IN ('complete', 'incomplete') AND b.as_of < r.as_of)
           AS before,
       (SELECT min(f.as_of) FROM report.run AS f
        WHERE f.kind IN ('run', 'evaluate') AND f.status IN ('complete', 'incomplete')) AS first
FROM report.run AS r
WHERE kind IN ('run', 'evaluate') AND status IN ('complete', 'incomplete')
ORDER BY as_of DESC, run_id DESC
LIMIT 1
