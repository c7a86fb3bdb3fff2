-- The order that a run in progress gives its workers.
SELECT r.as_of, d.plan
FROM cmdb.dispatch AS d
JOIN cmdb.run AS r ON r.run_id = d.run_id
WHERE d.run_id = %(run_id)s AND r.status = 'running' AND d.closed_at IS NULL
