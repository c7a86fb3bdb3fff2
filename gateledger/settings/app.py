"""What every command shares: global options, settings read once, and the way to the database."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gateledger.terminal.logs import configure_logging
from gateledger.terminal.streams import is_steerable

if TYPE_CHECKING:
    import typer
    from sqlalchemy import Engine

    from gateledger.settings.model import Settings


@dataclass(slots=True)
class App:
    """The global options, and what follows from them."""

    config: Path | None = None
    level: int | None = None
    _settings: Settings | None = field(default=None, repr=False)

    @classmethod
    def of(cls, context: typer.Context) -> App:
        """Return the one that belongs to this command line."""
        return cast("App", context.obj)

    @property
    def settings(self) -> Settings:
        """Settings, read at the first use. Raises ``SettingsError``."""
        if self._settings is None:
            from gateledger.settings.loading import load_settings

            self._settings = load_settings(self.config)
            self.log()
        return self._settings

    def override(self, **given: object) -> None:
        """Let options of the command line win over settings; those that are None were not given."""
        wanted = {name: value for name, value in given.items() if value is not None}
        if wanted:
            self._settings = self.settings.model_copy(update=wanted)

    def log(self, *, job: bool = False) -> None:
        """Set logging up: warnings only unless asked; a job without a live display logs each step."""
        level = self.level
        if level is None:
            level = logging.INFO if job and not is_steerable(sys.stderr) else logging.WARNING
        configure_logging(level, self._settings.log_format if self._settings else "text")

    def database_exists(self) -> bool:
        """Return whether there is a database to ask (a given one always counts), without making one."""
        if self.settings.given_database() is not None:
            return True
        from cmdb.server.embedded import EmbeddedServer

        return (EmbeddedServer(self.settings.data_dir).pgdata / "PG_VERSION").is_file()

    @contextmanager
    def server(self) -> Iterator[Engine]:
        """Yield an engine on the given or the embedded server, whatever state its schema is in."""
        # The embedded server takes a while to start, and so does loading what talks to it.
        loading = threading.Thread(target=_load_engine)
        loading.start()
        with self.address() as url:
            loading.join()
            from cmdb.server.database import open_engine

            engine = open_engine(url)
            try:
                yield engine
            finally:
                engine.dispose()

    @contextmanager
    def address(self) -> Iterator[str]:
        """Yield the URL (password included) of the database, the embedded server running meanwhile."""
        given = self.settings.given_database()
        if given is not None:
            yield given
            return
        from cmdb.server.embedded import lease

        with lease(self.settings.data_dir) as url:
            yield url

    @contextmanager
    def database(self, *, upgrade_embedded: bool = False) -> Iterator[Engine]:
        """Yield an engine on a database whose schema is this code's.

        Raises ``DatabaseOutdated`` when it is not; with ``upgrade_embedded`` the embedded one is upgraded.
        """
        with self.server() as engine:
            from cmdb.server.database import require_current

            if upgrade_embedded and self.settings.given_database() is None:
                from gateledger.terminal.migrating import migrate_if_outdated

                migrate_if_outdated(engine)
            require_current(engine)
            yield engine


def _load_engine() -> None:
    import cmdb.server.database  # noqa: F401
