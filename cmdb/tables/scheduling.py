"""Schedulers that are up."""

from __future__ import annotations

from sqlalchemy import Boolean, Table

from cmdb.tables.base import column, integer, metadata, text, time

scheduler = Table(
    "scheduler",
    metadata,
    text("scheduler_id", "Random name of the scheduler's process.", primary_key=True),
    text("host", "Machine it runs on."),
    integer("process_id", "Its process id there."),
    time("started_at", "When it gave its first sign of life, by the database's clock."),
    time("beat_at", "Its last sign of life; one that is up gives one a minute."),
    text("schedule", "Cron expression that it goes by."),
    text("zone", "Time zone of the schedule."),
    time("next_night", "When its next night begins. Null: never.", nullable=True),
    column("is_working", Boolean(), "Whether a night was in progress at the last sign of life."),
    text("last_end", "How its last night ended. Null: it has had none.", nullable=True),
    schema="cmdb",
    comment="Schedulers that are up; one that is told to stop removes its row, one that dies leaves it.",
)
