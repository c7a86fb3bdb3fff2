"""Backup and restore, by doing it: on both servers, and from each to the other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from cmdb.runs.locks import session_lock
from cmdb.runs.runs import RUN_LOCK
from cmdb.server.database import drifts, open_engine, require_current, transaction, upgrade
from cmdb.server.embedded_binaries import embedded_binary
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from tests.support.checks import breaches, checksums
from tests.support.doses import at_length
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


@pytest.mark.parametrize(
    ("source", "target"),
    at_length(
        [(source, target) for source in KINDS for target in KINDS],
        # Each server as either; where there is one, from it to itself.
        but=lambda row: len(KINDS) == 1 or row[0] != row[1],
    ),
)
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
    "damage",
    at_length(
        ["cut off", "cut off early", "overwritten", "empty", "no dump", "a folder", "missing"],
        but=lambda damage: damage in {"cut off", "overwritten", "no dump", "missing"},
    ),
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


#: What an administrator may have in a database beside gateledger's: extensions, other people's schemas and
#: objects that belong to the database, and things added to gateledger's own tables.
ADDED = """
CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public;
CREATE SCHEMA other;
CREATE TABLE other.secret (card text);
INSERT INTO other.secret VALUES ('c4nary');
CREATE FUNCTION other.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION other.first(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION other.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER noted BEFORE UPDATE ON cmdb.stage FOR EACH ROW EXECUTE FUNCTION other.note();
CREATE INDEX extra ON cmdb.stage (other.first(stage_name));
CREATE INDEX own_extra ON cmdb.stage (lower(stage_name));
CREATE VIEW report.mine AS SELECT s.card, f.status FROM other.secret AS s CROSS JOIN report.finding AS f;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION other.watch();
CREATE POLICY few ON cmdb.stage USING (stage_name <> other.first('x'));
CREATE ROLE {role};
GRANT ALL ON ALL TABLES IN SCHEMA cmdb TO {role};
GRANT ALL ON SCHEMA cmdb TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA cmdb GRANT SELECT ON TABLES TO {role};
COMMENT ON DATABASE {name} IS 'c4nary of somebody'
"""


@pytest.fixture(params=at_length(KINDS, but=lambda kind: kind == KINDS[-1]))
def crowded(request: pytest.FixtureRequest, new_database: NewDatabase) -> Iterator[tuple[str, Engine]]:
    """A database with a history, and with everything that is not gateledger's."""
    url = new_database(request.param, migrated=True)
    engine, _ = lived(url)
    name = engine.url.database
    extension = "vector" if request.param == EMBEDDED else "pg_stat_statements"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in ADDED.format(extension=extension, role=f"r_{name}", name=name).split(";\n"):
            connection.execute(text(statement))
    yield url, engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP EVENT TRIGGER IF EXISTS watching"))
        connection.execute(text(f"DROP OWNED BY r_{name}"))
        connection.execute(text(f"DROP ROLE r_{name}"))
    engine.dispose()


def test_a_dump_holds_what_is_ours_and_restores_anywhere(
    crowded: tuple[str, Engine],
    new_database: NewDatabase,
    use: Use,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, engine = crowded
    file = tmp_path / "gateledger.dump"
    use(url)
    before = checksums(engine)
    assert execute(["db", "dump", str(file)]) == ExitCode.DONE
    # then nothing of anybody else is in it
    listed = subprocess.run(
        [embedded_binary("pg_restore"), "--file=-", str(file)], capture_output=True, text=True, check=True
    ).stdout
    for word in ("c4nary", "EXTENSION", "PUBLICATION", "EVENT TRIGGER", "GRANT", "CREATE SCHEMA other"):
        assert word not in listed
    # and it restores into another database on either server, into the embedded one, and over itself
    for kind in KINDS:
        other = new_database(kind)
        use(other)
        assert execute(["db", "restore", str(file)]) == ExitCode.DONE
        assert state(other) == before
        left = indexes(other)
        assert "own_extra" in left
        assert "extra" not in left
    use(url)
    assert execute(["db", "restore", "--force-empty", str(file)]) == ExitCode.DONE
    assert state(url) == before
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT card FROM other.secret")) == "c4nary"
    monkeypatch.delenv("GATELEDGER_DATABASE_URL")
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(data_dir))
    assert execute(["db", "restore", str(file)]) == ExitCode.DONE
    assert execute(["findings", "--format", "json"]) == ExitCode.DONE


def test_a_dump_of_the_whole_database_as_earlier_versions_made_it_restores_too(
    crowded: tuple[str, Engine], new_database: NewDatabase, use: Use, tmp_path: Path
) -> None:
    url, engine = crowded
    file = tmp_path / "whole.dump"
    subprocess.run([embedded_binary("pg_dump"), "--format=custom", f"--file={file}", url], check=True)
    before = checksums(engine)
    for kind in KINDS:
        other = new_database(kind)
        use(other)
        assert execute(["db", "restore", str(file)]) == ExitCode.DONE
        assert state(other) == before
        assert "extra" not in indexes(other)
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('other.secret')").fetchone() == (None,)


def test_a_target_with_extensions_of_its_own_is_empty(
    new_database: NewDatabase, use: Use, tmp_path: Path
) -> None:
    source, target = new_database(EMBEDDED, migrated=True), new_database(EMBEDDED)
    with psycopg.connect(target) as connection:
        connection.execute("CREATE EXTENSION vector")
    use(source)
    assert execute(["db", "dump", str(tmp_path / "x.dump")]) == ExitCode.DONE
    use(target)
    assert execute(["db", "restore", str(tmp_path / "x.dump")]) == ExitCode.DONE


def state(url: str) -> dict[str, tuple[int, str]]:
    """Return the checksums of a database's history, which has to be whole and current."""
    engine = open_engine(url)
    try:
        require_current(engine)
        return checksums(engine)
    finally:
        engine.dispose()


def indexes(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'cmdb'").fetchall()
    return {name for (name,) in rows}
