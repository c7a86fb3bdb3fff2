"""Whatever a database or a role sets, the same night leaves the same rows and gives the same findings.

A short whole run (collect, evaluate, findings) per setting, each on a database of its own. Further values,
all settings for a role, and pairs of them are among the long tests.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from cmdb.server.database import open_engine, transaction
from cmdb.server.session import settings_script
from gateledger.nightly import job as nightly
from gateledger.settings.loading import load_settings
from gateledger.terminal.exits import ExitCode
from gateledger.terminal.progress import SilentProgress
from simulated_aws import Estate, SimulatedAws
from tests.support.checks import breaches, checksums
from tests.support.command_line import CommandLine
from tests.support.nights import ACCOUNT, FIRST_NIGHT, REGION, impatient
from tests.support.servers import EMBEDDED, Server, Servers

#: Letters outside Latin-1, and what text formats give a meaning to: quotes, backslashes, NULL in braces.
NAMES = ("Aufträge ✓ 注文", "back\\slash 'quote' \"double\"", "{NULL,null}", "31/12/2026 1.234,5")

SETTINGS = {
    "DateStyle": ("SQL, DMY", "German, DMY", "Postgres, MDY", "ISO, YMD"),
    "IntervalStyle": ("sql_standard", "iso_8601", "postgres_verbose"),
    "TimeZone": ("Asia/Kathmandu", "America/Caracas"),
    "client_encoding": ("LATIN1", "SQL_ASCII"),
    "search_path": ("evil, pg_catalog", "nowhere"),
    "standard_conforming_strings": ("off",),
    "backslash_quote": ("on",),
    "bytea_output": ("escape",),
    "extra_float_digits": ("-15",),
    "array_nulls": ("off",),
    "transform_null_equals": ("on",),
    "quote_all_identifiers": ("on",),
    "default_transaction_isolation": ("serializable", "repeatable read"),
    "default_transaction_deferrable": ("on",),
    "row_security": ("off",),
    "statement_timeout": ("5",),
    "lock_timeout": ("1",),
    "idle_in_transaction_session_timeout": ("20",),
    "idle_session_timeout": ("400",),
    "transaction_timeout": ("50",),
    "check_function_bodies": ("off",),
    "exit_on_error": ("on",),
    "session_replication_role": ("replica",),
    "plpgsql.extra_errors": ("all",),
    "lc_numeric": ("C.UTF-8",),
    "xmloption": ("document",),
    "synchronize_seqscans": ("off",),
    "work_mem": ("64kB",),
    "enable_hashjoin": ("off",),
    "plan_cache_mode": ("force_generic_plan",),
    "debug_parallel_query": ("regress",),
    "client_min_messages": ("debug1",),
}
CASES = [(name, value) for name, values in SETTINGS.items() for value in values]
#: Set for a role in the ordinary tests; in the long ones everything is.
FOR_ROLES = ("search_path", "statement_timeout")
#: Settings of which each has its own effect; the others are set all at once, and one by one at length.
MEANING = (
    "DateStyle",
    "IntervalStyle",
    "client_encoding",
    "search_path",
    "standard_conforming_strings",
    "default_transaction_isolation",
    "statement_timeout",
)

#: Schema evil: what a path that begins with it would find instead of the system's own.
EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$
"""


@dataclass
class Lived:
    """What a night left, and what is told of it."""

    rows: dict[str, tuple[int, str]]
    findings: list[dict[str, Any]]


@pytest.fixture(scope="module")
def aws() -> Iterator[SimulatedAws]:
    """A small estate that stays as it is."""
    estate = Estate(seed="settings")
    estate.add_account(ACCOUNT, "Läden Ω", regions=[REGION], management=True)
    place = estate.region(ACCOUNT, REGION)
    for number, name in enumerate(NAMES):
        api = place.add_api(name, integrations=("HTTP_PROXY",) if number % 2 else ("HTTP", "MOCK"))
        place.update_api(api.id, tags={"owner": name, "empty": ""})
        certificate = place.create_certificate().id if number < 2 else None
        place.add_stage(api.id, "prod", certificate_id=certificate)
        place.update_stage(api.id, "prod", variables={"backslash": "\\x41", "name": name})
    with SimulatedAws(estate) as running:
        yield running


@pytest.fixture(scope="module")
def server(postgres_servers: Servers) -> Server:
    return postgres_servers.get(EMBEDDED)


@pytest.fixture
def environment(aws: SimulatedAws, monkeypatch: pytest.MonkeyPatch, bare_environment: None) -> None:
    """Settings of a run that does everything in one order."""
    given = {
        "GATELEDGER_REGIONS": REGION,
        "GATELEDGER_HASH_KEY": "of the tests, nothing secret",
        "GATELEDGER_THREADS": "1",
        "GATELEDGER_SENSITIVE_TAGS": "mail",
    }
    for name, value in {**given, **aws.environment(ACCOUNT)}.items():
        monkeypatch.setenv(name, value)


@contextmanager
def closing(engine: Engine) -> Iterator[Engine]:
    """Dispose of an engine at the end."""
    try:
        yield engine
    finally:
        engine.dispose()


def live(url: str, monkeypatch: pytest.MonkeyPatch) -> Lived:
    """Run a night; return what is there then."""
    settings = load_settings()
    with closing(open_engine(url)) as engine:
        summary = nightly.run(
            engine,
            settings,
            as_of=FIRST_NIGHT,
            progress=SilentProgress(),
            plan=impatient(nightly.collection_plan(settings)),
        )
        assert summary.scopes_failed == 0
        assert breaches(engine) == []
        rows = checksums(engine)
    ended = CommandLine(url, monkeypatch)("findings", "--format", "json")
    assert (ended.code, ended.err) == (ExitCode.DONE, "")
    return Lived(rows, json.loads(ended.out))


@pytest.fixture(scope="module")
def expected() -> dict[str, Lived]:
    """What is right, by nothing being set; filled at the first use."""
    return {}


def alter(url: str, what: str, settings: dict[str, str]) -> None:
    """Set something for the database of a URL or for a role, given as SQL names it."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in settings.items():
            # A list of names must not become one name.
            is_list = name in {"search_path", "DateStyle", "plpgsql.extra_errors"}
            parts = value.split(", ") if is_list else [value]
            connection.execute(
                sql.SQL("ALTER {} SET {} TO {}").format(
                    sql.SQL(what.replace("%", "")),  # type: ignore[arg-type]
                    sql.SQL(".").join(map(sql.Identifier, name.split("."))),
                    sql.SQL(", ").join(map(sql.Literal, parts)),
                )
            )


def compare(url: str, right: dict[str, Lived], server: Server, patch: pytest.MonkeyPatch) -> None:
    """Compare a night on that database with one where nothing is set."""
    if not right:
        with server.database(migrated=True) as plain:
            right["plain"] = live(plain, patch)
        assert {row["rest_api_name"] for row in right["plain"].findings} - {None} == set(NAMES)
    lived = live(url, patch)
    assert lived.findings == right["plain"].findings
    assert lived.rows == right["plain"].rows


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(
            name, value, marks=[] if name in MEANING and value == SETTINGS[name][0] else pytest.mark.long
        )
        for name, value in CASES
    ],
    ids=lambda part: part.replace(" ", ""),
)
def test_a_setting_of_the_database_changes_nothing(
    name: str,
    value: str,
    server: Server,
    aws: SimulatedAws,
    expected: dict[str, Lived],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server.database(migrated=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(EVIL.encode())
        alter(url, f"DATABASE {make_url(url).database}", {name: value})
        compare(url, expected, server, monkeypatch)


def role_of(url: str) -> str:
    """Make a login that owns what the database's owner does; return its name."""
    name = f"role_{make_url(url).database}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN IN ROLE gateledger".encode())
    return name


def drop_role(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"REASSIGN OWNED BY {name} TO gateledger; DROP OWNED BY {name}; DROP ROLE {name}".encode()
        )


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(
            name,
            value,
            marks=[]
            if name in FOR_ROLES and name in MEANING and value == SETTINGS[name][0]
            else pytest.mark.long,
        )
        for name, value in CASES
        if name != "session_replication_role"
    ],
    ids=lambda part: part.replace(" ", ""),
)
def test_a_setting_of_the_role_changes_nothing(
    name: str,
    value: str,
    server: Server,
    aws: SimulatedAws,
    expected: dict[str, Lived],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server.database(migrated=True) as url:
        role = role_of(url)
        alter(url, f"ROLE {role}", {name: value})
        try:
            login = make_url(url).set(username=role).render_as_string(hide_password=False)
            compare(login, expected, server, monkeypatch)
        finally:
            drop_role(url, role)


@pytest.mark.usefixtures("environment")
def test_a_role_that_leaves_triggers_out_and_may_not_change_it_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.database(migrated=True) as url:
        role = role_of(url)
        alter(url, f"ROLE {role}", {"session_replication_role": "replica"})
        try:
            login = make_url(url).set(username=role).render_as_string(hide_password=False)
            ended = CommandLine(login, monkeypatch)("run")
        finally:
            drop_role(url, role)
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert "RESET session_replication_role" in ended.err


def test_a_session_is_given_what_its_server_has() -> None:
    for version, has, lacks in (
        (150_004, "force_parallel_mode", "debug_parallel_query"),
        (160_000, "debug_parallel_query", "transaction_timeout"),
        (180_001, "transaction_timeout", "force_parallel_mode"),
    ):
        script = settings_script(version)
        assert f"SET {has} = " in script
        assert lacks not in script


@pytest.mark.usefixtures("environment")
def test_a_database_made_read_only_ends_a_run_with_one_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.database(migrated=True) as url:
        alter(url, f"DATABASE {make_url(url).database}", {"default_transaction_read_only": "on"})
        command_line = CommandLine(url, monkeypatch)
        ended = command_line("run")
        assert (ended.code, ended.out, ended.err.count("\n")) == (ExitCode.ERROR, "", 1)
        assert "read-only" in ended.err
        assert command_line("findings", "--format", "json").out == "[]\n"


@pytest.mark.usefixtures("environment")
def test_everything_at_once_is_set_up_run_dumped_and_restored(
    server: Server,
    aws: SimulatedAws,
    expected: dict[str, Lived],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    # With a worker for each statement, those that come before the limits are lifted take longer than allowed.
    hostile = {name: values[0] for name, values in SETTINGS.items() if name != "debug_parallel_query"}
    file = str(tmp_path / "gateledger.dump")
    with server.database(migrated=False) as url, server.database(migrated=False) as other:
        for each in (url, other):
            with psycopg.connect(each, autocommit=True) as connection:
                connection.execute(EVIL.encode())
            alter(each, f"DATABASE {make_url(each).database}", hostile)
        here, there = CommandLine(url, monkeypatch), CommandLine(other, monkeypatch)
        monkeypatch.setenv("GATELEDGER_DATABASE_URL", url)
        assert here("db", "upgrade").code == ExitCode.DONE
        compare(url, expected, server, monkeypatch)
        monkeypatch.setenv("GATELEDGER_DATABASE_URL", url)
        assert here("db", "dump", file).err == ""
        monkeypatch.setenv("GATELEDGER_DATABASE_URL", other)
        assert there("db", "restore", file).err == ""
        restored = open_engine(other)
        assert checksums(restored) == expected["plain"].rows
        with transaction(restored) as connection:
            assert connection.execute("SHOW DateStyle").fetchone() == ("ISO, MDY",)
        restored.dispose()


@pytest.mark.long
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("pair", list(itertools.combinations(SETTINGS, 2))[::9], ids=" and ".join)
def test_pairs_of_settings_change_nothing(
    pair: tuple[str, str],
    server: Server,
    aws: SimulatedAws,
    expected: dict[str, Lived],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server.database(migrated=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(EVIL.encode())
        alter(url, f"DATABASE {make_url(url).database}", {name: SETTINGS[name][-1] for name in pair})
        compare(url, expected, server, monkeypatch)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP", "WIN1252"])
@pytest.mark.parametrize(
    "arguments", [("db", "upgrade"), ("run",), ("status",), ("db", "restore", "x.dump")], ids=" ".join
)
def test_an_encoding_that_cannot_hold_the_data_is_refused_before_anything_is_made(
    encoding: str,
    arguments: tuple[str, ...],
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.dump").write_bytes(b"PGDMP")
    with server.database(migrated=False, encoding=encoding) as url:
        ended = CommandLine(url, monkeypatch)(*arguments)
        with psycopg.connect(url, client_encoding="UTF8") as connection:
            schemas = connection.execute(
                "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'"
            ).fetchall()
    assert (ended.code, ended.out) == (ExitCode.ERROR, "")
    assert f"has the encoding {encoding}" in ended.err
    assert "ENCODING 'UTF8'" in ended.err
    assert ended.err.count("\n") == 1
    assert {name for (name,) in schemas} == {"information_schema", "public"}


@pytest.mark.usefixtures("environment")
def test_utf8_under_another_locale_is_fine(
    server: Server, aws: SimulatedAws, expected: dict[str, Lived], monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.database(migrated=False, encoding="UTF8") as url:
        assert CommandLine(url, monkeypatch)("db", "upgrade").code == ExitCode.DONE
        compare(url, expected, server, monkeypatch)
