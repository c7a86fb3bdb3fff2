"""Backup: what is gateledger's in one file, and back. PostgreSQL's own programs do the work.

A dump holds the schemas that cannot be made anew; views and the task queue are made by the upgrade that ends
every restore. Nothing else of the database is in it (extensions, other schemas, rights), and of what an
administrator added to a dump's tables, or an older dump holds beside them, nothing is restored.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import subprocess
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, text

from cmdb.errors import AlreadyRunning, DatabaseForeign, GateledgerError
from cmdb.queries import execute_script, query_text
from cmdb.runs.locks import session_lock
from cmdb.runs.runs import RUN_LOCK
from cmdb.server.database import MIGRATION_LOCK, current_revision, upgrade
from cmdb.server.session import settings_script
from gateledger.database.archive import KEPT_SCHEMAS, Archive, DumpUnreadable, read_archive
from gateledger.database.postgres_programs import Programs, programs_for, run
from gateledger.settings.app import App

_SQL = "cmdb.server.sql"

log = logging.getLogger("gateledger.backup")

OUR_SCHEMAS = ("report", "compliance", "cmdb", "queue")
_CHUNK = 1024 * 1024


class NothingToDump(GateledgerError):
    """The database holds no CMDB; there is nothing to dump."""


class DumpFailed(GateledgerError):
    """The dump could not be made; the file that was there before is untouched."""


class DatabaseNotEmpty(GateledgerError):
    """The database holds data already; choose an empty one."""


class RestoreFailed(GateledgerError):
    """The dump could not be restored; the database is as it was before."""


def dump(app: App, file: Path) -> None:
    """Write what is gateledger's into ``file``, which appears or changes only when the dump is whole.

    Raises ``NothingToDump`` and ``DumpFailed``.
    """
    if file.is_dir() or not file.parent.is_dir():
        raise DumpFailed(f"{file} cannot be written: name a file in a directory that exists.")
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    with app.address() as url, app.server() as engine:
        with engine.connect() as connection:
            if current_revision(connection) is None:
                raise NothingToDump("The database holds no CMDB yet: there is nothing to dump.")
        try:
            # Made by us and not by pg_dump, so that nobody else can read the inventory.
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with _programs(app, engine, url) as programs:
                # A pool of few sessions has to have one left for pg_dump.
                engine.dispose()
                done = run(
                    programs,
                    "pg_dump",
                    [
                        *("--format=custom", "--no-password", "--encoding=UTF8", f"--file={draft}"),
                        *(f"--schema={schema}" for schema in KEPT_SCHEMAS),
                        *("--no-privileges", "--no-security-labels", f"--dbname={programs.connection}"),
                    ],
                )
            if done.returncode != 0:
                raise DumpFailed(
                    f"The dump could not be made ({programs.complaint(done.stderr)}); {file} is as it was "
                    "before."
                )
            _keep(draft, file)
        except OSError as error:
            raise DumpFailed(
                f"{file} cannot be written ({error.strerror}): choose another place or make room."
            ) from error
        finally:
            draft.unlink(missing_ok=True)
    log.info("dumped into %s", file, extra={"event": "db.dumped", "bytes": file.stat().st_size})


def restore(app: App, file: Path, *, force_empty: bool) -> str:
    """Put a dump into the database in one transaction, and bring it up to date; return its revision.

    Raises ``DumpUnreadable``, ``DatabaseNotEmpty`` (unless ``force_empty``: what is there is replaced),
    ``DatabaseForeign``, ``DatabaseNewer`` for a dump of newer code, ``AlreadyRunning``, ``RestoreFailed``.
    """
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise DumpUnreadable(f"The dump {file} cannot be read ({error.strerror}): check the path.") from error
    with app.address() as url, app.server() as engine, _programs(app, engine, url) as any_programs:
        archive = read_archive(any_programs, file)
        archive.check()
        with engine.connect() as connection:
            _check_target(connection, force_empty=force_empty)
        with session_lock(engine, RUN_LOCK) as is_ours, session_lock(engine, MIGRATION_LOCK) as is_quiet:
            if not (is_ours and is_quiet):
                raise AlreadyRunning(
                    "A run or an upgrade is in progress on this database: wait for its end, then restore."
                )
            _restore(archive, settings_script(_version(engine)))
        revision = upgrade(engine)
        with engine.begin() as connection:
            # The rights of another server's roles are not restored, those of the reader are given anew.
            execute_script(connection, query_text("grant_reader", _SQL))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    log.info("restored %s", file, extra={"event": "db.restored", "revision": revision})
    return revision


def _programs(app: App, engine: Engine, url: str) -> AbstractContextManager[Programs]:
    is_embedded = app.settings.given_database() is None
    return programs_for(url, _version(engine) // 10_000, is_embedded=is_embedded)


def _version(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SHOW server_version_num")) or 0)


def _keep(draft: Path, file: Path) -> None:
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_target(connection: Connection, *, force_empty: bool) -> None:
    if current_revision(connection) is not None:
        if not force_empty:
            raise DatabaseNotEmpty(
                "The database holds data already: restore into an empty one, or replace everything in it "
                "with --force-empty."
            )
        return
    foreign = connection.execute(text(query_text("foreign_tables", _SQL))).scalars().all()
    if foreign:
        raise DatabaseForeign(
            f"The database holds tables that are not gateledger's ({', '.join(foreign[:3])}): restore into "
            "an empty database."
        )


def _restore(archive: Archive, settings: str) -> None:
    """Let pg_restore write statements and psql run them, in one transaction that only a whole dump ends."""
    programs, file = archive.programs, archive.file
    with (
        tempfile.TemporaryFile() as said_reading,
        tempfile.TemporaryFile() as said_writing,
        tempfile.NamedTemporaryFile("w", encoding="utf-8") as wanted,
    ):
        wanted.write(archive.ours())
        wanted.flush()
        reader = subprocess.Popen(  # noqa: S603
            [
                *(programs.path("pg_restore"), "--no-owner", "--no-privileges", "--no-tablespaces"),
                *(f"--use-list={wanted.name}", "--file=-", str(file)),
            ],
            env=programs.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said_reading,
        )
        writer = subprocess.Popen(  # noqa: S603
            [
                *(programs.path("psql"), "--no-psqlrc", "--quiet", "--no-password"),
                *("--set=ON_ERROR_STOP=1", f"--dbname={programs.connection}"),
            ],
            env=programs.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said_writing,
        )
        try:
            is_whole = _feed(reader, writer, settings)
        finally:
            # Ended by a signal or an error of ours: without COMMIT the server takes everything back.
            for process in (reader, writer):
                if process.poll() is None:
                    process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    with contextlib.suppress(BrokenPipeError):
                        if pipe is not None:
                            pipe.close()
        if is_whole:
            return
        for said in (said_reading, said_writing):
            said.seek(0)
        errors = (said_reading.read() + b"\n" + said_writing.read()).decode(errors="replace")
        raise RestoreFailed(
            f"The dump {file} could not be restored ({programs.complaint(errors)}); the database is as it "
            "was before."
        )


def _feed(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], settings: str) -> bool:
    """Pass the statements on; return whether all of them were run and committed."""
    source, target = reader.stdout, writer.stdin
    assert source is not None  # noqa: S101 - both are pipes
    assert target is not None  # noqa: S101
    try:
        schemas = ", ".join(OUR_SCHEMAS)
        target.write(
            f"{settings}BEGIN;\nSET LOCAL lock_timeout = '30s';\n"
            f"DROP SCHEMA IF EXISTS {schemas} CASCADE;\n".encode()
        )
        _pass_prologue(source, target)
        while chunk := source.read(_CHUNK):
            target.write(chunk)
        if reader.wait() != 0:
            return False
        target.write(b"\nCOMMIT;\n")
        target.close()
    except BrokenPipeError:
        return False  # psql met an error and ended
    return writer.wait() == 0


def _pass_prologue(source: IO[bytes], target: IO[bytes]) -> None:
    """Pass the settings at the beginning on, but for one that servers before PostgreSQL 17 do not know."""
    for line in source:
        if not line.startswith(b"SET transaction_timeout"):
            target.write(line)
        if b"set_config('search_path'" in line:
            return
