"""Upgrades: from every migration with data in it, side by side, failing, and from databases of others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from cmdb.server import database
from cmdb.server.database import current_revision, drifts, open_engine, transaction, upgrade
from cmdb.server.revisions import head_revision, known_revisions
from cmdb.storage.digest import Encoded
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.migrating import migrate_if_outdated
from tests.support.checks import breaches, checksums
from tests.support.doses import at_length
from tests.support.histories import History
from tests.support.questions import ask

ROOT = Path(__file__).parents[2]
REVISIONS = [
    each.revision for each in ScriptDirectory.from_config(database._alembic()).walk_revisions("base", "heads")
][::-1]
#: Without them nothing could be stored yet.
WITH_TABLES = REVISIONS[2:-1]
#: The oldest that can hold anything, every seventh, and the latest: between them each migration meets data.
KEPT = frozenset({*WITH_TABLES[::7], WITH_TABLES[-1]})


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def at_revision(url: str, revision: str) -> Engine:
    """Return the empty database with the schema of an earlier version."""
    engine = open_engine(url)
    with engine.begin() as connection:
        command.upgrade(database._alembic(connection), revision)
    return engine


def lived(engine: Engine) -> History:
    """Live through nights that leave rows in every table of the history."""
    history = History(engine)
    region = history.region("111122223333", "eu-central-1")
    stage = region.api("a1b2c3d4e5").stage("prod")
    gone = region.api("b1b2c3d4e5").stage("dev")
    history.night()
    stage.certificate = "cert01"
    gone.certificate = "cert01"
    region.certificate("cert01")
    history.night()
    stage.certificate = None
    history.night()
    return history


def stored(engine: Engine) -> dict[str, list[str]]:
    """Return the tables of the CMDB with the columns that can be written."""
    with transaction(engine) as connection:
        rows = connection.execute(
            "SELECT format('%I.%I', c.table_schema, c.table_name), "
            "array_agg(quote_ident(c.column_name) ORDER BY c.ordinal_position) "
            "FROM information_schema.columns AS c "
            "JOIN information_schema.tables AS t USING (table_schema, table_name) "
            "WHERE c.table_schema IN ('cmdb', 'compliance') AND t.table_type = 'BASE TABLE' "
            "AND c.table_name <> 'alembic_version' AND c.is_generated = 'NEVER' GROUP BY 1"
        ).fetchall()
    return {table: list(columns) for table, columns in rows}


#: A record's evidence as the list that it was in earlier versions.
_EVIDENCE = "string_to_array(t.evidence, ' ')::bigint[]"


def _version_of(item: str) -> str:
    """Return the expression of the version among a record's evidence that is of an item type."""
    versions = f"SELECT version_id FROM cmdb.{item} UNION ALL SELECT version_id FROM cmdb.{item}_closed"
    return f"(SELECT v.version_id FROM ({versions}) AS v WHERE v.version_id = ANY ({_EVIDENCE}))"


#: Columns of earlier versions under the names that they had: by column, and by table and column.
FORMER = {
    "stage_id": "t.item_id",
    "certificate_key": "t.item_id",
    "stages": "t.items",
    "cmdb.rest_api.rest_api_key": "t.item_id",
    "cmdb.rest_api_payload.rest_api_key": "t.item_id",
    "cmdb.rest_api_closed.rest_api_key": "t.item_id",
    "cmdb.stage.rest_api_key": "t.parent_id",
    "cmdb.integration.rest_api_key": "t.parent_id",
    "cmdb.method_reading.rest_api_key": "t.parent_id",
    **dict.fromkeys(
        ("cmdb.deployment_payload.payload", "cmdb.deployment_closed.payload"),
        "(SELECT p.payload FROM cmdb.deployment_payload AS p WHERE p.digest = t.digest)",
    ),
    "cmdb.integration_closed.rest_api_key": (
        "(SELECT i.parent_id FROM cmdb.integration AS i WHERE i.item_id = t.item_id)"
    ),
    **{f"{item}_version": _version_of(item) for item in ("stage", "rest_api", "integration", "certificate")},
}
_NO_DEPLOYMENT = "t.item_type <> 'deployment'"
_OTHER_EVIDENCE = f"""
ARRAY(
    SELECT v FROM unnest({_EVIDENCE}) AS v
    WHERE v NOT IN (
        SELECT version_id FROM cmdb.deployment UNION ALL SELECT version_id FROM cmdb.deployment_closed
    )
    ORDER BY v
)
"""
_RECORDS = (
    f"SELECT (to_jsonb(t) - 'evidence')::text AS row, {_OTHER_EVIDENCE} AS evidence "
    "FROM {table} AS t ORDER BY 1, 2"
)
#: Tables with something of deployments in them, each with what the rest of it is.
_WITH_DEPLOYMENTS = {
    **dict.fromkeys(("cmdb.deployment", "cmdb.deployment_closed", "cmdb.deployment_payload")),
    "cmdb.scope_state": f"SELECT t::text AS row FROM cmdb.scope_state AS t WHERE {_NO_DEPLOYMENT} ORDER BY 1",
    **{table: _RECORDS.format(table=table) for table in ("compliance.record", "compliance.record_closed")},
}
_DRAFTS = "SELECT item_id, read_at, deployment_ids FROM cmdb.integration ORDER BY 1"
#: Tables of earlier versions that are part of another one now, or had a row for each of its rows, as long as
#: they have other columns than today.
MERGED = {"cmdb.method_reading": "cmdb.integration", "cmdb.deployment_payload": "cmdb.deployment"}


def source_of(table: str, known: list[str], today: dict[str, list[str]]) -> str:
    """Return the table of today that holds what a table of an earlier version did."""
    return table if set(known) <= set(today.get(table, [])) else MERGED.get(table, table)


def then_and_now(table: str, known: list[str], today: dict[str, list[str]]) -> dict[str, str]:
    """Return the columns that a table of an earlier version had, each with what it holds today."""
    found = {}
    for column in known:
        former = FORMER.get(f"{table}.{column}", FORMER.get(column))
        if column in today.get(source_of(table, known, today), []):
            found[column] = _EVIDENCE if column == "evidence" else f"t.{column}"
        elif former is not None:
            found[column] = former
    return found


def take_over(source: Engine, target: Engine) -> None:
    """Copy every row of a database of today into one of an earlier version, in the columns that it has."""
    today, then = stored(source), stored(target)
    with transaction(source) as reading, transaction(target) as writing:
        # Foreign keys and the triggers of that version have been heeded where the rows come from.
        writing.execute("SET LOCAL session_replication_role = replica")
        for table, known in then.items():
            held = then_and_now(table, known, today)
            if not held:
                continue
            kept = ""
            if "cmdb.deployment" not in then:  # What that version did not know is left out.
                kept = f"WHERE {_NO_DEPLOYMENT}" if "item_type" in held else ""
                held |= {"evidence": _OTHER_EVIDENCE} if "evidence" in held else {}
            columns, shown = ", ".join(held), ", ".join(held.values())
            if "bucket" in known:
                writing.execute(f"ALTER TABLE {table} ALTER COLUMN bucket SET DEFAULT 0".encode())
            with (
                reading.cursor().copy(
                    f"COPY (SELECT {shown} FROM {source_of(table, known, today)} AS t {kept}) TO STDOUT".encode()
                ) as rows,
                writing.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copied,
            ):
                for chunk in rows:
                    copied.write(chunk)
        sequences = (
            "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences "
            "WHERE schemaname IN ('cmdb', 'compliance') AND last_value IS NOT NULL"
        )
        there = {
            name
            for (name,) in writing.execute(sequences.partition(" AND last")[0].replace(", last_value", ""))
        }
        for name, last in reading.execute(sequences).fetchall():
            if name in there:
                writing.execute("SELECT setval(%s, %s)", (name, last))


@contextmanager
def readers(url: str, number: int = 3) -> Iterator[list[str]]:
    """Let readers ask a reporting view all the time; give the list of what went wrong for them."""
    errors: list[str] = []
    asked = threading.Semaphore(0)
    ended = threading.Event()

    def read() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET ROLE gateledger_reader")
            while not ended.is_set():
                try:
                    connection.execute("SELECT run_id, status FROM report.run ORDER BY run_id")
                except psycopg.Error as error:
                    errors.append(str(error))
                    return
                asked.release()

    threads = [threading.Thread(target=read) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            asked.acquire(timeout=30)
        yield errors
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.mark.both_servers
@pytest.mark.parametrize("revision", at_length(WITH_TABLES, but=lambda revision: revision in KEPT))
def test_data_of_every_earlier_version_is_carried_over_while_readers_read(
    revision: str, engine: Engine, empty_database_url: str
) -> None:
    # given a database of an earlier version, with the rows of a history in it, and a view that people read
    lived(engine)
    old = at_revision(empty_database_url, revision)
    take_over(engine, old)
    has_deployments = "cmdb.deployment" in stored(old)
    if "item_id" in stored(old).get("cmdb.deployment_payload", []):
        # Their digests covered what names them too.
        with transaction(old) as connection:
            connection.execute("UPDATE cmdb.deployment SET digest = '\\x00' || digest")
    with old.begin() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS report"))
        connection.execute(text("CREATE OR REPLACE VIEW report.run AS SELECT run_id, status FROM cmdb.run"))
        connection.execute(text("GRANT USAGE ON SCHEMA report TO gateledger_reader"))
        connection.execute(text("GRANT SELECT ON report.run TO gateledger_reader"))
    # when it is upgraded while they read
    with readers(empty_database_url) as errors:
        assert upgrade(old) == head_revision()
    # then no reader noticed, and every table holds what it holds where the new version itself wrote it
    assert errors == []
    drifts(old)
    assert breaches(old) == []
    # Deployments are read from AWS: versions without them had looked at none.
    without = () if has_deployments else _WITH_DEPLOYMENTS
    carried = [table for table in checksums(engine) if table not in without]
    assert checksums(old, *carried) == checksums(engine, *carried)
    for question in (*_WITH_DEPLOYMENTS.values(), _DRAFTS):
        if question is not None:
            assert ask(old, question) == ask(engine, question)
    derived = [table for table in stored(engine) if table.split(".")[1] in {"tally_change", "remediation"}]
    assert checksums(old, *derived) == checksums(engine, *derived)
    # and the next night goes on as it does there
    for each in (old, engine):
        going_on = History(each)
        going_on.region("111122223333", "eu-central-1").api("a1b2c3d4e5").stage("prod")
        going_on.next_as_of = going_on.next_as_of.replace(month=3)
        going_on.night()
        assert breaches(each) == []
    old.dispose()


def test_equal_definitions_of_an_earlier_version_are_stored_once(
    engine: Engine, empty_database_url: str
) -> None:
    # given deployments with the same definition, and a former version with it and one with another
    lived(engine)
    old = at_revision(empty_database_url, "0021")
    take_over(engine, old)
    with transaction(old) as connection:
        connection.execute(
            "INSERT INTO cmdb.deployment_closed (item_id, valid_from, valid_to, superseded_at, version_id, "
            "types, has_http, source, payload) "
            "SELECT d.item_id, v.at - interval '1 hour', v.at, v.at, -d.item_id - v.place, d.types, d.has_http, "
            "d.source, CASE v.place WHEN 0 THEN p.payload ELSE '{\"methods\": []}' END "
            "FROM cmdb.deployment AS d JOIN cmdb.deployment_payload AS p ON p.item_id = d.item_id "
            "CROSS JOIN (VALUES (0, '2025-01-01 00:00Z'::timestamptz), (1, '2025-01-02 00:00Z')) AS v (place, at)"
        )
        versions = connection.execute("SELECT count(*) FROM cmdb.deployment").fetchone()
    # when it is upgraded
    upgrade(old)
    # then each definition is there once, under the digest that a merge gives it
    found = ask(
        old,
        "SELECT p.payload, count(DISTINCT d.item_id) AS latest, count(DISTINCT x.version_id) AS closed "
        "FROM cmdb.deployment_payload AS p LEFT JOIN cmdb.deployment AS d ON d.digest = p.digest "
        "LEFT JOIN cmdb.deployment_closed AS x ON x.digest = p.digest GROUP BY 1 ORDER BY 2",
    )
    assert versions == (2,)
    assert [(row["latest"], row["closed"]) for row in found] == [(0, 2), (2, 2)]
    digest = Encoded(None, {"methods": []}, frozenset()).digest
    assert ask(old, "SELECT payload FROM cmdb.deployment_payload WHERE digest = %s", (digest,)) == [
        {"payload": {"methods": []}}
    ]
    old.dispose()


def test_the_scope_of_drafts_ends_and_is_not_missed(engine: Engine, empty_database_url: str) -> None:
    # given a database of the version that read drafts, one of them unread
    lived(engine)
    old = at_revision(empty_database_url, "0010")
    take_over(engine, old)
    with transaction(old) as connection:
        for table in ("scope", "scope_state"):
            connection.execute(
                f"UPDATE cmdb.{table} SET item_type = 'integration' WHERE item_type = 'deployment'".encode()
            )
        connection.execute(
            "INSERT INTO cmdb.unread_item (account_region_id, item_type, item_id, valid_from, failure_kind, error) "
            "SELECT account_region_id, item_type, 'a1b2c3d4e5', valid_from, 'denied', 'It was denied.' "
            "FROM cmdb.scope_state WHERE item_type = 'integration' AND valid_to IS NULL"
        )
    # when it is upgraded, and a night passes
    upgrade(old)
    going_on = History(old)
    going_on.region("111122223333", "eu-central-1").api("a1b2c3d4e5").stage("prod")
    going_on.next_as_of = going_on.next_as_of.replace(month=3)
    going_on.night()
    # then nothing is uncollected, and what was known of drafts has ended
    with transaction(old) as connection:
        scopes = connection.execute("SELECT DISTINCT item_type, status FROM report.scope_health").fetchall()
        open_ones = connection.execute(
            "SELECT count(*) FROM cmdb.scope_state WHERE item_type = 'integration' AND valid_to IS NULL"
        ).fetchone()
        unread = connection.execute("SELECT count(*) FROM cmdb.unread_item WHERE valid_to IS NULL").fetchone()
    assert "integration" not in {item_type for item_type, _status in scopes}
    assert "uncollected" not in {status for _item_type, status in scopes}
    assert open_ones == unread == (0,)
    old.dispose()


@pytest.mark.both_servers
def test_two_upgrades_at_once_both_end_well(empty_database_url: str) -> None:
    environment = os.environ | {"GATELEDGER_DATABASE_URL": empty_database_url}
    upgrades = [
        subprocess.Popen(
            [sys.executable, "-c", "from gateledger.cli import main; main()", "db", "upgrade"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ends = [(*each.communicate(timeout=120), each.returncode) for each in upgrades]
    assert [(code, err) for _out, err, code in ends] == [(0, "")] * 3
    engine = open_engine(empty_database_url)
    drifts(engine)
    with transaction(engine) as connection:
        assert connection.execute("SELECT count(*) FROM cmdb.alembic_version").fetchone() == (1,)
    engine.dispose()


@pytest.mark.both_servers
@pytest.mark.parametrize("schema", ["report", "queue"])
def test_only_what_is_not_of_this_code_is_made_anew(engine: Engine, schema: str) -> None:
    """A view that was made anew has lost its mark."""

    def said() -> tuple[bool, str]:
        asked = "obj_description('report.finding'::regclass) = 'mark' AS is_marked"
        comment = f"obj_description('{schema}'::regnamespace, 'pg_namespace') AS comment"
        [row] = ask(engine, f"SELECT {asked}, {comment}")
        return row["is_marked"], row["comment"]

    with transaction(engine) as connection:
        connection.execute("COMMENT ON VIEW report.finding IS 'mark'")
    migrate_if_outdated(engine)
    is_marked, comment = said()
    assert is_marked

    with transaction(engine) as connection:
        connection.execute(f"COMMENT ON SCHEMA {schema} IS 'of another version'".encode())
    migrate_if_outdated(engine)
    assert said() == (schema == "queue", comment)


def test_the_revisions_that_are_read_without_alembic_are_alembics() -> None:
    script = ScriptDirectory.from_config(database._alembic())
    assert head_revision() == script.get_current_head()
    assert known_revisions() == {each.revision for each in script.walk_revisions()}


@pytest.mark.parametrize(
    "mistake",
    at_length(
        [
            "SELECT 1 / 0;",
            "ALTER TABLE cmdb.stage ADD COLUMN stage_name text;",
            "SELECT pg_terminate_backend(pg_backend_pid());",
        ],
        but=lambda mistake: "stage_name" not in mistake,
    ),
)
def test_a_failed_upgrade_leaves_the_old_version_working(
    mistake: str, engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given a newer version whose last migration goes wrong after it has changed much
    lived(engine)
    before = checksums(engine)
    newer = tmp_path / "newer"
    for package in ("cmdb", "collectors", "evaluator", "gateledger", "migrations"):
        shutil.copytree(ROOT / package, newer / package, ignore=shutil.ignore_patterns("__pycache__"))
    versions = newer / "migrations" / "versions"
    template = (versions / "0005_scheduler.py").read_text()
    template = template.replace('revision = "0005"', 'revision = "9000"').replace(
        'down_revision = "0004"', f'down_revision = "{head_revision()}"'
    )
    (versions / "9000_wrong.py").write_text(template)
    (versions / "9000_wrong.sql").write_text(
        f"CREATE TABLE cmdb.later (a integer); DROP TABLE compliance.episode CASCADE; {mistake}"
    )
    # when it is upgraded to
    done = subprocess.run(
        [sys.executable, "-c", "from gateledger.cli import main; main()", "db", "upgrade"],
        env=os.environ | {"GATELEDGER_DATABASE_URL": database_url, "PYTHONPATH": str(newer)},
        cwd=newer,
        capture_output=True,
        text=True,
        check=False,
    )
    # then it says so in one line, and nothing of it is there
    assert (done.returncode, done.stdout) == (ExitCode.ERROR, "")
    assert len(done.stderr.splitlines()) == 1
    with engine.connect() as connection:
        assert current_revision(connection) == head_revision()
    assert checksums(engine) == before
    drifts(engine)
    # and the old version works on
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", database_url)
    assert execute(["findings"]) == ExitCode.DONE
    assert execute(["evaluate"]) == ExitCode.DONE


@pytest.mark.both_servers
@pytest.mark.parametrize(
    "words", [["status"], ["findings"], ["run"], ["evaluate"], ["db", "upgrade"], ["schedule"]]
)
def test_a_database_of_a_newer_version_is_left_alone(
    words: list[str],
    engine: Engine,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE cmdb.alembic_version SET version_num = '9999'"))
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", database_url)
    assert execute(words) == ExitCode.ERROR
    told = capsys.readouterr()
    assert told.out == ""
    assert "is newer than this gateledger" in told.err
    assert len(told.err.splitlines()) == 1
    with transaction(engine) as connection:
        assert connection.execute("SELECT count(*) FROM cmdb.run").fetchone() == (0,)


@pytest.mark.both_servers
def test_somebody_elses_tables_are_left_alone(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE orders (order_id integer)")
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", empty_database_url)
    for words in (["db", "upgrade"], ["run"], ["status"]):
        assert execute(words) == ExitCode.ERROR
        assert "already holds tables that are not gateledger's (public.orders)" in capsys.readouterr().err
    with psycopg.connect(empty_database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname IN ('cmdb', 'report')"
        ).fetchone()
    assert row == (0,)
    assert make_url(empty_database_url).database
