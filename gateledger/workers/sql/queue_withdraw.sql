-- Take what is left of a run off the queue; tasks being worked on end by themselves.
DELETE FROM queue.procrastinate_jobs WHERE status <> 'doing' AND (args ->> 'run_id')::integer = %(run_id)s
