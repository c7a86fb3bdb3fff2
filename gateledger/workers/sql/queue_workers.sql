-- How many workers have given a sign of life within that many seconds.
SELECT count(*) FROM queue.procrastinate_workers
WHERE last_heartbeat >= clock_timestamp() - make_interval(secs => %(seconds)s)
