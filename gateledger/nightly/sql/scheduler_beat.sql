-- A scheduler is running: its sign of life; signs of those that died a week ago are cleared away.
WITH cleared AS (
    DELETE FROM cmdb.scheduler WHERE beat_at < clock_timestamp() - interval '7 days'
)
INSERT INTO cmdb.scheduler AS s
    (scheduler_id, host, process_id, started_at, beat_at, schedule, zone, next_night, is_working, last_end)
VALUES (%(scheduler_id)s, %(host)s, %(process_id)s, clock_timestamp(), clock_timestamp(), %(schedule)s, %(zone)s,
        %(next_night)s, %(is_working)s, %(last_end)s)
ON CONFLICT (scheduler_id) DO UPDATE
SET beat_at = excluded.beat_at, schedule = excluded.schedule, zone = excluded.zone,
    next_night = excluded.next_night, is_working = excluded.is_working, last_end = excluded.last_end
