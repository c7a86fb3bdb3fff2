"""A server older than PostgreSQL 15 is refused by every command that asks it anything, and left as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateledger.terminal.exits import ExitCode
from tests.support.command_line import CommandLine
from tests.support.command_tree import command_paths
from tests.support.old_server import claiming
from tests.support.servers import SYSTEM_15, find_system_15, scratch_folder

ARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"

#: How each command that asks the database is called.
EXCEPTION = (
    *(
        "legacy",
        "--policy",
        "*",
        "--account",
        "111122223333",
        "--reason",
        "Switched off.",
        "--owner",
        "billing",
    ),
    *("--until", "2026-12-31"),
)
ASKING = (
    ("run",),
    ("collect",),
    ("collect", "--explain"),
    ("evaluate",),
    ("evaluate", "--dry-run"),
    ("worker",),
    ("schedule",),
    ("findings",),
    ("history", ARN),
    ("trend",),
    ("plan",),
    ("explain", ARN),
    ("report", "--out", "report"),
    ("export", "--format", "csv", "--out", "export.csv"),
    ("status",),
    ("status", "--scopes"),
    ("prune", "--keep", "400d"),
    ("accounts", "list"),
    ("exceptions", "apply", "exceptions.yaml"),
    *(("exceptions", "add", *EXCEPTION), ("exceptions", "list")),
    *(("exceptions", "end", "legacy"), ("exceptions", "show", "legacy")),
    ("accounts", "retire", "111122223333", "--yes"),
    ("policies", "test"),
    ("db", "upgrade"),
    ("db", "roles", "--service", "gateledger_service", "--apply"),
    ("db", "dump", "old.dump"),
    ("db", "restore", "given.dump"),
)
#: Commands that ask no database, or only hand its address to another program.
OTHERS = {
    ("iam-policy",),
    ("demo",),
    ("policies", "list"),
    ("policies", "show"),
    ("items", "list"),
    ("items", "show"),
    ("db", "uri"),
    ("db", "psql"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with no settings and a file to restore."""
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given.dump").write_bytes(b"PGDMP")
    (tmp_path / "exceptions.yaml").write_text("exceptions: []\n")
    return tmp_path


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with scratch_folder() as folder:
        yield folder


def schemas(url: str) -> list[tuple[str]]:
    """Return the database's schemas but for the server's own."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"
        ).fetchall()


def test_every_command_is_among_them() -> None:
    called = {path for path in command_paths() if any(call[: len(path)] == path for call in ASKING)}
    assert called | OTHERS == set(command_paths())
    assert not called & OTHERS


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
@pytest.mark.parametrize("version", [(14, 19), (10, 23)], ids=["14", "10"])
def test_a_server_that_is_too_old_is_refused(
    arguments: tuple[str, ...],
    version: tuple[int, int],
    empty_database_url: str,
    folder: Path,
    socket_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with claiming(version, empty_database_url, socket_folder) as url:
        ended = CommandLine(url, monkeypatch)(*arguments)

    assert ended.code == ExitCode.ERROR
    assert ended.out == ""
    assert ended.err == (
        f"gateledger: The database server is PostgreSQL {version[0]}; gateledger needs 15 or newer: point "
        "GATELEDGER_DATABASE_URL at a newer server, or unset it to use the embedded one.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["exceptions.yaml", "given.dump"]
    assert schemas(empty_database_url) == [("information_schema",), ("public",)]


@pytest.mark.skipif(find_system_15() is None, reason="PostgreSQL 15 is not installed")
@pytest.mark.parametrize("postgres_server_kind", [SYSTEM_15], indirect=True)
def test_the_oldest_one_that_is_supported_is_taken(
    empty_database_url: str, folder: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with claiming((15, 0), empty_database_url, socket_folder) as url:
        command_line = CommandLine(url, monkeypatch)
        assert command_line("db", "upgrade").code == ExitCode.DONE
        ended = command_line("findings", "--format", "json")

    assert (ended.code, ended.out, ended.err) == (ExitCode.DONE, "[]\n", "")
    assert [path.name for path in folder.iterdir()] == ["exceptions.yaml", "given.dump"]
