-- The schedulers, those with the latest sign of life first, and how long ago that was.
SELECT host, process_id, started_at, beat_at, schedule, zone, next_night, is_working, last_end,
       extract(epoch FROM clock_timestamp() - beat_at)::float8 AS silent_seconds
FROM report.scheduler
ORDER BY beat_at DESC
