-- Whether a run takes results, held until the transaction ends so that it cannot close meanwhile.
SELECT r.run_id
FROM cmdb.run AS r
JOIN cmdb.dispatch AS d ON d.run_id = r.run_id
WHERE r.run_id = %(run_id)s AND r.status = 'running' AND d.closed_at IS NULL
FOR SHARE OF r, d
