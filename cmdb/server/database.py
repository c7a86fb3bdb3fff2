"""Engine, transactions and the state of the schema."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from cmdb.errors import (
    DatabaseForeign,
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnreachable,
    SettingsError,
)
from cmdb.queries import query_text
from cmdb.server.address import Address, AddressWrong, read_address
from cmdb.server.pooler import refuse_borrowed_session
from cmdb.server.revisions import head_revision, known_revisions, migrations_folder
from cmdb.server.session import connect

_SQL = "cmdb.server.sql"

if TYPE_CHECKING:
    from alembic.config import Config

#: Advisory lock under which migrations run (an arbitrary number of our own).
MIGRATION_LOCK = 7_205_759_403_792_001
#: Name under which an engine keeps its address.
_ADDRESS = "gateledger_address"

Cursor = psycopg.Cursor[tuple[Any, ...]]


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine for a database's address, on psycopg 3; its sessions are set up by ``session``.

    Raises ``SettingsError`` when the text is no address. Nothing is connected yet. A connection raises,
    whatever it is for, ``DatabaseTooOld`` (PostgreSQL before 15), ``DatabaseEncodingWrong`` and, the first
    of an engine, ``DatabasePooled``.
    """
    try:
        address = read_address(url)
    except AddressWrong as error:
        raise SettingsError(f"GATELEDGER_DATABASE_URL {error}.") from None
    return create_engine(
        address.sqlalchemy_url(),
        creator=_Creator(address),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        execution_options={_ADDRESS: address},
    )


def address_of(engine: Engine) -> Address:
    """Return the address that an engine was opened with."""
    return cast("Address", engine.get_execution_options()[_ADDRESS])


class _Creator:
    """Makes an engine's connections; the first one finds out whether it has a session of its own."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._is_proven = False

    def __call__(self) -> psycopg.Connection[Any]:
        if self._is_proven:
            return connect(self._address)
        with self._lock:
            connection = connect(self._address, None if self._is_proven else self._prove)
            self._is_proven = True
        return connection

    def _prove(self, connection: psycopg.Connection[Any]) -> None:
        refuse_borrowed_session(connection, self._address)


@contextmanager
def transaction(engine: Engine) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Give a psycopg connection in one transaction: committed at the end, rolled back on any error."""
    raw = engine.raw_connection()
    try:
        connection = cast("psycopg.Connection[tuple[Any, ...]]", raw.driver_connection)
        try:
            yield connection
            connection.commit()
        except BaseException:
            take_back(raw, connection)
            raise
    finally:
        raw.close()


def take_back(raw: PoolProxiedConnection, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Roll back what a connection began; a lost one is kept from the pool, which would ask it."""
    if not connection.closed:
        with suppress(psycopg.OperationalError):
            connection.rollback()
    if connection.closed:
        raw.invalidate()


def _alembic(connection: Connection | None = None) -> Config:
    from alembic.config import Config  # noqa: PLC0415  see upgrade

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    return config


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None when it holds no CMDB."""
    if connection.scalar(text("SELECT to_regclass('cmdb.alembic_version')")) is None:
        return None
    return cast("str | None", connection.scalar(text("SELECT version_num FROM cmdb.alembic_version")))


def is_known_revision(revision: str) -> bool:
    """Return whether this code has the migration."""
    return revision in known_revisions()


def check_server(engine: Engine) -> None:
    """Raise when the database cannot carry a CMDB of this code.

    ``DatabaseUnreachable``, ``DatabaseTooOld`` (PostgreSQL before 15), ``DatabaseForeign`` (tables that are
    not ours and no CMDB), ``DatabaseNewer`` (its schema comes from newer code).
    """
    with _connect(engine) as connection:
        _check(connection)


def _check(connection: Connection) -> None:
    revision = current_revision(connection)
    if revision is None:
        foreign = connection.execute(text(query_text("foreign_tables", _SQL))).scalars().all()
        if foreign:
            name = connection.scalar(text("SELECT current_database()"))
            raise DatabaseForeign(
                f"The database {name!r} already holds tables that are not "
                f"gateledger's ({', '.join(foreign[:3])}{', ...' if len(foreign) > 3 else ''}): "
                "give gateledger an empty database of its own."
            )
    elif not is_known_revision(revision):
        raise DatabaseNewer(
            f"The database's schema (revision {revision}) is newer than this gateledger "
            f"(revision {head_revision()}): install the newer gateledger here."
        )


@contextmanager
def _connect(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise unreachable(error, engine) from error
    try:
        yield connection
    finally:
        connection.close()


def unreachable(error: Exception, engine: Engine) -> DatabaseUnreachable:
    """Return the sentence for a database that cannot be reached, without its password."""
    address = address_of(engine)
    cause = address.conceal(str(getattr(error, "orig", error))).strip().splitlines()
    reason = cause[0].rstrip(".") if cause else type(error).__name__
    return DatabaseUnreachable(
        f"The database {address} cannot be reached ({reason}): check GATELEDGER_DATABASE_URL and that the "
        "server runs."
    )


def upgrade(engine: Engine, applied: Callable[[str], None] | None = None) -> str:
    """Bring the schema and the reporting views up to date in one transaction; return the revision.

    ``applied`` is called with each revision that has been applied, before the transaction ends. Raises what
    ``check_server`` raises; on any error the database stays as it was.
    """
    from alembic import command  # noqa: PLC0415  only upgrades need it, and it takes a tenth of a second

    with _connect(engine) as connection:
        _check(connection)
        connection.rollback()
        with connection.begin():
            alembic = _alembic(connection)
            alembic.attributes["applied"] = applied
            command.upgrade(alembic, "head")
    return head_revision()


def drifts(engine: Engine) -> None:
    """Raise ``alembic.util.exc.AutogenerateDiffsDetected`` when tables and migrations disagree."""
    from alembic import command  # noqa: PLC0415  see upgrade

    with _connect(engine) as connection, connection.begin():
        command.check(_alembic(connection))


def require_current(engine: Engine) -> None:
    """Raise ``DatabaseOutdated`` (or what ``check_server`` raises) unless the schema is this code's."""
    with _connect(engine) as connection:
        _check(connection)
        revision = current_revision(connection)
    if revision != head_revision():
        if revision is None:
            raise DatabaseOutdated(
                "The database holds no CMDB yet: run `gateledger db upgrade`, which makes it, then `gateledger run`."
            )
        raise DatabaseOutdated(
            f"The database is at revision {revision} and this gateledger needs revision {head_revision()}: "
            "run `gateledger db upgrade`."
        )
