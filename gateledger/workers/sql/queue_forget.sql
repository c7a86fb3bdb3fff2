-- Take the waiting and failed tasks of all runs but one off the queue.
DELETE FROM queue.procrastinate_jobs
WHERE status <> 'doing' AND (args ->> 'run_id')::integer IS DISTINCT FROM %(run_id)s
