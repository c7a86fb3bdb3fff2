-- Schedulers that are up, or died.
CREATE VIEW report.scheduler AS
SELECT scheduler_id, host, process_id, started_at, beat_at, schedule, zone, next_night, is_working, last_end
FROM cmdb.scheduler;

COMMENT ON VIEW report.scheduler IS 'One row per scheduler (gateledger schedule); one that has given no sign of life for minutes is dead.';
COMMENT ON COLUMN report.scheduler.scheduler_id IS 'Random name of its process.';
COMMENT ON COLUMN report.scheduler.host IS 'Machine it runs on.';
COMMENT ON COLUMN report.scheduler.process_id IS 'Its process id there.';
COMMENT ON COLUMN report.scheduler.started_at IS 'When it started, by the database''s clock.';
COMMENT ON COLUMN report.scheduler.beat_at IS 'Its last sign of life; one that is up gives one a minute.';
COMMENT ON COLUMN report.scheduler.schedule IS 'Cron expression that it goes by.';
COMMENT ON COLUMN report.scheduler.zone IS 'Time zone of the schedule.';
COMMENT ON COLUMN report.scheduler.next_night IS 'When its next night begins; null: never.';
COMMENT ON COLUMN report.scheduler.is_working IS 'Whether a night was in progress at its last sign of life.';
COMMENT ON COLUMN report.scheduler.last_end IS 'How its last night ended; null: it has had none.';
