-- Account-regions of a run that nobody has read and no task waits for: failed for good, or lost.
SELECT a.partition, a.account_id, ar.region,
       EXISTS (
           SELECT FROM queue.procrastinate_jobs AS j
           WHERE j.queueing_lock = n.name AND j.status = 'failed'
       ) AS has_failed
FROM cmdb.dispatch_item AS i
JOIN cmdb.account_region AS ar ON ar.account_region_id = i.account_region_id
JOIN cmdb.account AS a ON a.account_key = ar.account_key
CROSS JOIN LATERAL (SELECT concat_ws('/', i.run_id, a.partition, a.account_id, ar.region) AS name) AS n
WHERE i.run_id = %(run_id)s AND i.done_at IS NULL
  AND NOT EXISTS (
      SELECT FROM queue.procrastinate_jobs AS j
      WHERE j.queueing_lock = n.name AND j.status IN ('todo', 'doing')
  )
