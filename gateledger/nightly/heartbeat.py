"""A sign of life of the scheduler in the database, for ``gateledger status``; it never disturbs a night."""

from __future__ import annotations

import logging
import os
import platform
import secrets
from datetime import datetime
from typing import Any

from cmdb.errors import GateledgerError
from gateledger.nightly.exit_status import NightEnd
from gateledger.settings.app import App

_SQL = "gateledger.nightly.sql"

log = logging.getLogger("gateledger.schedule")


class Heartbeat:
    """This scheduler's row in ``cmdb.scheduler``."""

    def __init__(self, app: App) -> None:
        """Name the scheduler; nothing is written yet."""
        self._app = app
        self._name = {
            "scheduler_id": secrets.token_hex(8),
            "host": platform.node() or "unknown",
            "process_id": os.getpid(),
        }
        self._last_end: str | None = None
        self._is_away = False

    def ended(self, end: NightEnd) -> None:
        """Remember how the last night ended, for the next beat."""
        self._last_end = end.name.lower()

    def beat(self, schedule: str, zone: str, *, next_night: datetime | None, is_working: bool) -> None:
        """Write the row; a database that cannot take it is logged once until it can again."""
        self._write(
            "scheduler_beat",
            {
                "schedule": schedule,
                "zone": zone,
                "next_night": next_night,
                "is_working": is_working,
                "last_end": self._last_end,
            },
        )

    def end(self) -> None:
        """Remove the row."""
        self._write("scheduler_end", {})

    def _write(self, name: str, values: dict[str, Any]) -> None:
        import psycopg
        from sqlalchemy.exc import SQLAlchemyError

        from cmdb.queries import query
        from cmdb.server.database import transaction

        try:
            with self._app.server() as engine, transaction(engine) as connection:
                connection.execute(query(name, _SQL), {**self._name, **values})
        except (GateledgerError, SQLAlchemyError, psycopg.Error) as error:
            if not self._is_away:
                self._is_away = True
                log.warning(
                    "the database does not take the scheduler's sign of life (%s)",
                    str(error).splitlines()[0] if str(error) else type(error).__name__,
                    extra={"event": "schedule.heartbeat_failed"},
                )
            return
        if self._is_away:
            self._is_away = False
            log.info(
                "the database takes the scheduler's sign of life again",
                extra={"event": "schedule.heartbeat_again"},
            )
