-- Schedulers and their signs of life.
CREATE TABLE cmdb.scheduler (
    scheduler_id TEXT NOT NULL,
    host TEXT NOT NULL,
    process_id INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    beat_at TIMESTAMP WITH TIME ZONE NOT NULL,
    schedule TEXT NOT NULL,
    zone TEXT NOT NULL,
    next_night TIMESTAMP WITH TIME ZONE,
    is_working BOOLEAN NOT NULL,
    last_end TEXT,
    CONSTRAINT pk_scheduler PRIMARY KEY (scheduler_id)
);
COMMENT ON TABLE cmdb.scheduler IS 'Schedulers that are up; one that is told to stop removes its row, one that dies leaves it.';
COMMENT ON COLUMN cmdb.scheduler.scheduler_id IS 'Random name of the scheduler''s process.';
COMMENT ON COLUMN cmdb.scheduler.host IS 'Machine it runs on.';
COMMENT ON COLUMN cmdb.scheduler.process_id IS 'Its process id there.';
COMMENT ON COLUMN cmdb.scheduler.started_at IS 'When it gave its first sign of life, by the database''s clock.';
COMMENT ON COLUMN cmdb.scheduler.beat_at IS 'Its last sign of life; one that is up gives one a minute.';
COMMENT ON COLUMN cmdb.scheduler.schedule IS 'Cron expression that it goes by.';
COMMENT ON COLUMN cmdb.scheduler.zone IS 'Time zone of the schedule.';
COMMENT ON COLUMN cmdb.scheduler.next_night IS 'When its next night begins. Null: never.';
COMMENT ON COLUMN cmdb.scheduler.is_working IS 'Whether a night was in progress at the last sign of life.';
COMMENT ON COLUMN cmdb.scheduler.last_end IS 'How its last night ended. Null: it has had none.';
