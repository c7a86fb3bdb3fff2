-- Drop runs of before the limit, but those of kept evaluations and the collection that held at the limit.
DELETE FROM cmdb.run AS r
WHERE r.as_of <= %(limit)s AND r.status <> 'running'
  AND NOT EXISTS (SELECT FROM compliance.evaluation AS e WHERE e.run_id = r.run_id)
  AND r.as_of < (
      SELECT max(c.as_of) FROM cmdb.run AS c WHERE c.kind IN ('run', 'collect') AND c.as_of <= %(limit)s
  )
