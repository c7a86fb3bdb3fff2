"""Backup and restore, by doing it: on both servers, and from each to the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from cmdb.runs.locks import session_lock
from cmdb.runs.runs import RUN_LOCK
from cmdb.server.database import drifts, open_engine, require_current, transaction, upgrade
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from tests.support.checks import breaches, checksums
from tests.support.histories import History
from tests.support.servers import EMBEDDED, SYSTEM_15, Servers, find_system_15

KINDS = [EMBEDDED] if find_system_15() is None else [EMBEDDED, SYSTEM_15]
Use = Callable[[str], None]
NewDatabase = Callable[..., str]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let the settings name a database."""
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    return lambda url: monkeypatch.setenv("GATELEDGER_DATABASE_URL", url)


@pytest.fixture
def new_database(postgres_servers: Servers) -> Iterator[NewDatabase]:
    """Make databases on either server."""
    with ExitStack() as stack:
        yield lambda kind, migrated=False: stack.enter_context(
            postgres_servers.get(kind).database(migrated=migrated)
        )


def lived(url: str) -> tuple[Engine, History]:
    """Return a database with a history in it: open and closed versions, records, episodes."""
    engine = open_engine(url)
    history = History(engine)
    region = history.region("111122223333", "eu-central-1")
    stage = region.api("a1b2c3d4e5").stage("prod")
    history.night()
    stage.certificate = "cert01"
    region.certificate("cert01")
    history.night()
    stage.certificate = None
    history.night()
    return engine, history


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_a_dump_restores_everything_on_any_server(
    source: str, target: str, new_database: NewDatabase, use: Use, tmp_path: Path
) -> None:
    # given a dump of a database with a history
    first = new_database(source, migrated=True)
    engine, history = lived(first)
    file = tmp_path / "gateledger.dump"
    use(first)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    assert (file.stat().st_mode & 0o777, [each.name for each in tmp_path.iterdir()]) == (0o600, [file.name])
    before = checksums(engine)
    # when it is restored into an empty database
    second = new_database(target)
    use(second)
    assert execute(["db", "restore", str(file)]) == ExitCode.DONE
    # then every row is there, the schema is the code's, and the views say the same
    restored = open_engine(second)
    assert checksums(restored) == before
    drifts(restored)
    require_current(restored)
    for engine_ in (engine, restored):
        with transaction(engine_) as connection:
            assert connection.execute("SELECT count(*) FROM report.finding_history").fetchone() == (6,)
    # and the next night goes on from there, as it does where the dump was made
    for each in (engine, restored):
        history.engine = each
        history.night()
        assert breaches(each) == []
    assert checksums(restored) == checksums(engine)
    with transaction(restored) as connection:
        connection.execute("SET LOCAL ROLE gateledger_reader")
        connection.execute("SELECT count(*) FROM report.finding")
    for each in (engine, restored):
        each.dispose()


@pytest.mark.both_servers
def test_a_database_that_holds_data_is_replaced_only_when_told(
    database_url: str, use: Use, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, history = lived(database_url)
    file = tmp_path / "gateledger.dump"
    use(database_url)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    then = checksums(engine)
    history.night()
    history.region("111122223333", "us-east-1").api("b1b2c3d4e5").stage("dev")
    history.night()
    now = checksums(engine)
    # without a word it is left alone
    assert execute(["db", "restore", str(file)]) == ExitCode.ERROR
    assert "--force-empty" in capsys.readouterr().err
    assert checksums(engine) == now
    # while a run is in progress as well
    with session_lock(engine, RUN_LOCK):
        assert execute(["db", "restore", str(file), "--force-empty"]) == ExitCode.ERROR
    assert checksums(engine) == now
    # told, it is what it was
    assert execute(["db", "restore", str(file), "--force-empty"]) == ExitCode.DONE
    assert checksums(engine) == then
    engine.dispose()


@pytest.mark.both_servers
@pytest.mark.parametrize(
    "damage", ["cut off", "cut off early", "overwritten", "empty", "no dump", "a folder", "missing"]
)
def test_a_damaged_dump_changes_nothing(
    damage: str, database_url: str, use: Use, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a dump that something happened to
    engine, _history = lived(database_url)
    file = tmp_path / "gateledger.dump"
    use(database_url)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    whole = file.read_bytes()
    if damage == "cut off":
        file.write_bytes(whole[:-1500])
    elif damage == "cut off early":
        file.write_bytes(whole[:2000])
    elif damage == "overwritten":
        file.write_bytes(whole[:-3000] + bytes(1000) + whole[-2000:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "no dump":
        file.write_text("SELECT 1;\n")
    else:
        file.unlink()
        if damage == "a folder":
            file.mkdir()
    before = checksums(engine)
    capsys.readouterr()
    # then one sentence says so, and the database is as it was
    assert execute(["db", "restore", str(file), "--force-empty"]) == ExitCode.ERROR
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert checksums(engine) == before
    require_current(engine)
    engine.dispose()


@pytest.mark.both_servers
def test_dumps_of_others_and_of_newer_code_are_refused(
    database_url: str,
    new_database: NewDatabase,
    postgres_server_kind: str,
    use: Use,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = open_engine(database_url)
    file = tmp_path / "some.dump"
    # given a dump of a later version
    with engine.begin() as connection:
        connection.execute(text("UPDATE cmdb.alembic_version SET version_num = '9999'"))
    use(database_url)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    target = new_database(postgres_server_kind)
    use(target)
    capsys.readouterr()
    assert execute(["db", "restore", str(file)]) == ExitCode.ERROR
    assert "made by a newer gateledger" in capsys.readouterr().err
    # and one of another program's database
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA cmdb CASCADE"))
        connection.execute(text("CREATE SCHEMA cmdb"))
        connection.execute(text("CREATE TABLE cmdb.alembic_version (version_num text)"))
        connection.execute(text("ALTER TABLE cmdb.alembic_version RENAME TO other"))
        connection.execute(text("CREATE TABLE public.theirs (a integer)"))
    use(database_url)
    assert execute(["db", "dump", str(file)]) == ExitCode.ERROR
    assert "there is nothing to dump" in capsys.readouterr().err
    # and a database of somebody else's as the target
    use(database_url)
    assert execute(["db", "restore", str(file)]) == ExitCode.ERROR
    assert "newer gateledger" in capsys.readouterr().err
    engine.dispose()


@pytest.mark.both_servers
def test_a_dump_that_fails_leaves_the_one_before(
    engine: Engine, database_url: str, use: Use, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a file of yesterday, and a login that may not read everything
    file = tmp_path / "gateledger.dump"
    file.write_text("yesterday")
    login = f"dumper_{engine.url.database}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {login} LOGIN"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA cmdb TO {login}"))
        connection.execute(text(f"GRANT SELECT ON cmdb.alembic_version TO {login}"))
    use(database_url.replace("gateledger@", f"{login}@"))
    assert execute(["db", "dump", str(file)]) == ExitCode.ERROR
    told = capsys.readouterr()
    assert "permission denied" in told.err
    assert len(told.err.splitlines()) == 1
    # then yesterday's is whole, and nothing lies beside it
    assert file.read_text() == "yesterday"
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    # and a place that cannot be is named
    for place in (tmp_path, tmp_path / "missing" / "file.dump"):
        assert execute(["db", "dump", str(place)]) == ExitCode.ERROR
        assert "name a file in a directory that exists" in capsys.readouterr().err
    with engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {login}"))
        connection.execute(text(f"DROP ROLE {login}"))


def test_the_embedded_database_is_backed_up_and_moved(
    made_data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given an embedded database, not running
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(made_data_dir))
    file = tmp_path / "gateledger.dump"
    assert execute(["db", "upgrade"]) == ExitCode.DONE
    # then it is dumped, and restored over itself
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    assert execute(["db", "restore", str(file)]) == ExitCode.ERROR
    assert execute(["db", "restore", str(file), "--force-empty"]) == ExitCode.DONE
    assert execute(["status"]) == ExitCode.DONE


def test_an_old_dump_is_brought_up_to_date(new_database: NewDatabase, use: Use, tmp_path: Path) -> None:
    # given a dump whose views are those of an earlier version
    old = new_database(EMBEDDED, migrated=True)
    engine = open_engine(old)
    with engine.begin() as connection:
        connection.execute(text("COMMENT ON SCHEMA report IS 'views of an earlier version'"))
        connection.execute(text("DROP VIEW report.run CASCADE"))
    file = tmp_path / "old.dump"
    use(old)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    use(new_database(EMBEDDED))
    assert execute(["db", "restore", str(file)]) == ExitCode.DONE
    assert execute(["status"]) == ExitCode.DONE
    upgrade(engine)
    engine.dispose()
