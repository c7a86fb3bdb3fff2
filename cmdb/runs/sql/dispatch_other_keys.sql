-- A run in progress whose key is not the worker's.
SELECT d.run_id
FROM cmdb.dispatch AS d
JOIN cmdb.run AS r ON r.run_id = d.run_id
WHERE r.status = 'running' AND d.closed_at IS NULL AND d.key_fingerprint <> %(key_fingerprint)s
