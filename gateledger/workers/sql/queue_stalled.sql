-- Tasks of workers that died: no sign of life for that many seconds, or their worker is not known any more.
SELECT j.id
FROM queue.procrastinate_jobs AS j
LEFT JOIN queue.procrastinate_workers AS w ON w.id = j.worker_id
WHERE j.status = 'doing'
  AND (w.id IS NULL OR w.last_heartbeat < clock_timestamp() - make_interval(secs => %(seconds)s))
