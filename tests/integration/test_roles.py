"""Roles: the owner upgrades, the service reads and writes data, the reader reads the reporting views."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import URL, Engine

from cmdb.server.database import open_engine, transaction, upgrade
from cmdb.server.embedded_binaries import embedded_binary
from cmdb.server.roles import RoleNameWrong, roles_script
from evaluator.judging.guard import guarded
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from simulated_aws import Estate, SimulatedAws
from tests.support.histories import History
from tests.support.nights import ACCOUNT, REGION

pytestmark = pytest.mark.both_servers

#: What the service may not do, one of each kind.
STRUCTURE = [
    "CREATE TABLE cmdb.mine (a integer)",
    "CREATE TABLE public.mine (a integer)",
    "CREATE SCHEMA mine",
    "ALTER TABLE cmdb.stage ADD COLUMN mine integer",
    "DROP TABLE compliance.tally",
    "TRUNCATE cmdb.stage",
    "CREATE INDEX ON cmdb.stage (stage_name)",
    "DROP SCHEMA report CASCADE",
    "CREATE OR REPLACE VIEW report.run AS SELECT 1 AS run_id",
    "UPDATE cmdb.alembic_version SET version_num = '0001'",
    "DELETE FROM cmdb.alembic_version",
    "SELECT setval('cmdb.version_id_seq', 1)",
    "CREATE ROLE mine",
    "SELECT pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
]
BEYOND_REPORT = [
    "SELECT count(*) FROM cmdb.stage",
    "SELECT payload FROM cmdb.account",
    "SELECT count(*) FROM compliance.record",
    "SELECT version_num FROM cmdb.alembic_version",
    "DELETE FROM report.run",
    "CREATE TABLE report.mine (a integer)",
    "CREATE TEMPORARY TABLE mine (a integer)",
    "SELECT nextval('cmdb.version_id_seq')",
    "SET ROLE gateledger_policy",
]


@dataclass
class Logins:
    """A database whose roles the command made."""

    owner: Engine
    service: str
    reader: str

    def url(self, user: str) -> URL:
        return self.owner.url.set(username=user)

    @contextmanager
    def connected(self, user: str) -> Iterator[psycopg.Connection]:
        address = self.owner.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, user=user) as connection:
            yield connection


@pytest.fixture
def logins(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logins]:
    for name in list(os.environ):
        if name.startswith(("AWS_", "GATELEDGER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", database_url)
    # Roles belong to the whole server: names of this database's own, one that needs quoting.
    made = Logins(engine, f"service_{engine.url.database}", f'Mr "R" {engine.url.database}')
    assert (
        execute(["db", "roles", "--service", made.service, "--reader", made.reader, "--apply"])
        == ExitCode.DONE
    )
    yield made
    with transaction(engine) as connection:
        for name in (made.service, made.reader):
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}".encode())


def test_the_nightly_job_works_as_the_service(
    logins: Logins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given an estate with a stage
    estate = Estate(seed="roles")
    estate.add_account(ACCOUNT, "Shop", regions=[REGION], management=True)
    place = estate.region(ACCOUNT, REGION)
    api = place.add_api("orders", integrations=("HTTP_PROXY",)).id
    place.add_stage(api, "prod", certificate_id=place.create_certificate().id)
    monkeypatch.setenv(
        "GATELEDGER_DATABASE_URL",
        logins.url(logins.service).set(drivername="postgresql").render_as_string(hide_password=False),
    )
    monkeypatch.setenv("GATELEDGER_HASH_KEY", "of the tests, nothing secret")
    with SimulatedAws(estate) as aws:
        for name, value in aws.environment(ACCOUNT).items():
            monkeypatch.setenv(name, value)
        # then every command of the service works with the rights of that role
        for command in (
            ["run"],
            ["collect"],
            ["evaluate"],
            ["status"],
            ["findings"],
            ["history", f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/prod"],
        ):
            assert execute(command) == ExitCode.DONE, command
        # and a second night, in which things change, as well
        place.add_stage(api, "dev")
        place.delete_stage(api, "prod")
        assert execute(["run"]) == ExitCode.DONE
    # and it may not upgrade
    capsys.readouterr()
    assert execute(["db", "upgrade"]) == ExitCode.ERROR
    assert "The database user lacks a right" in capsys.readouterr().err


@pytest.mark.parametrize("statement", STRUCTURE)
def test_the_service_changes_no_structure(logins: Logins, statement: str) -> None:
    with logins.connected(logins.service) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_service_gets_rights_on_what_later_upgrades_add(logins: Logins) -> None:
    with transaction(logins.owner) as connection:
        connection.execute("CREATE TABLE cmdb.later (later_id bigint GENERATED BY DEFAULT AS IDENTITY)")
        connection.execute("CREATE SEQUENCE compliance.later_seq")
        connection.execute("COMMENT ON SCHEMA report IS 'to be made again'")
    upgrade(logins.owner)
    with logins.connected(logins.service) as connection:
        connection.execute("INSERT INTO cmdb.later DEFAULT VALUES")
        connection.execute("SELECT nextval('compliance.later_seq'), (SELECT count(*) FROM report.finding)")


def test_policies_run_confined_as_the_service(logins: Logins) -> None:
    service = open_engine(logins.url(logins.service).render_as_string(hide_password=False))
    with transaction(service) as connection, connection.cursor() as cursor, guarded(cursor, "p"):
        assert cursor.execute("SELECT current_user").fetchone() == ("gateledger_policy",)
    service.dispose()


def test_the_reader_reads_the_views(logins: Logins) -> None:
    # given a history
    history = History(logins.owner)
    history.region("111122223333", "eu-central-1").api("a1b2c3d4e5").stage("prod")
    history.night()
    with logins.connected(logins.reader) as connection:
        views = connection.execute(
            "SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = 'report'"
        ).fetchall()
        assert len(views) >= 10
        for (view,) in views:
            connection.execute(f"SELECT count(*) FROM {view}".encode())
        row = connection.execute("SELECT count(*) FROM report.finding_as_of(clock_timestamp())").fetchone()
        assert row == (2,)


@pytest.mark.parametrize("statement", BEYOND_REPORT)
def test_the_reader_does_nothing_else(logins: Logins, statement: str) -> None:
    with logins.connected(logins.reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_others_do_not_come_in(logins: Logins) -> None:
    with transaction(logins.owner) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_database AS d, aclexplode(d.datacl) AS a "
            "WHERE d.datname = current_database() AND a.grantee = 0"
        ).fetchone()
    assert row == (0,)


def test_the_printed_script_can_be_run_by_hand_and_again(
    logins: Logins, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert execute(["db", "roles", "--service", logins.service, "--reader", logins.reader]) == ExitCode.DONE
    script = capsys.readouterr().out
    assert script == roles_script(logins.service, logins.reader)
    for _ in range(2):
        done = subprocess.run(
            [embedded_binary("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-d", database_url],
            input=script,
            text=True,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [
        ([], ExitCode.USAGE, "name at least one login"),
        (["--service", " "], ExitCode.ERROR, "is not a role's name"),
        (["--service", "x" * 64], ExitCode.ERROR, "is not a role's name"),
        (["--service", "a$$; DROP SCHEMA cmdb CASCADE; DO $$"], ExitCode.ERROR, "is not a role's name"),
        (["--service", "a\nb"], ExitCode.ERROR, "is not a role's name"),
        (["--reader", "pg_monitor"], ExitCode.ERROR, "has a meaning of its own"),
        (["--reader", "gateledger_reader"], ExitCode.ERROR, "has a meaning of its own"),
        (["--service", "a", "--reader", "a"], ExitCode.ERROR, "are both 'a'"),
        (["--service", "gateledger", "--apply"], ExitCode.ERROR, "is the owner"),
    ],
)
def test_names_that_cannot_be_are_refused_in_one_sentence(
    names: list[str], code: ExitCode, said: str, logins: Logins, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert execute(["db", "roles", *names]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert len(told.err.splitlines()) == 1


def test_only_the_owner_makes_roles(
    logins: Logins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(
        "GATELEDGER_DATABASE_URL",
        logins.url(logins.service).set(drivername="postgresql").render_as_string(hide_password=False),
    )
    capsys.readouterr()
    assert execute(["db", "roles", "--reader", "somebody", "--apply"]) == ExitCode.ERROR
    assert "run this as the owner" in capsys.readouterr().err


def test_quotes_in_names_stay_in_names() -> None:
    with pytest.raises(RoleNameWrong):
        roles_script("x" * 64, None)
    assert "'O''Hara'" in roles_script("O'Hara", None)


def test_an_owner_who_may_make_no_roles_can_still_upgrade_and_run(empty_database_url: str) -> None:
    # given a database that belongs to an ordinary role
    admin = open_engine(empty_database_url)
    owner = f"owner_{admin.url.database}"
    with transaction(admin) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN".encode())
        connection.execute(f"ALTER DATABASE {admin.url.database} OWNER TO {owner}".encode())
    engine = open_engine(admin.url.set(username=owner).render_as_string(hide_password=False))
    # when it sets the schema up, then nights run, and policies are confined to reading at least
    upgrade(engine)
    history = History(engine)
    history.region("111122223333", "eu-central-1").api("a1b2c3d4e5").stage("prod")
    history.night()
    with transaction(engine) as connection, connection.cursor() as cursor, guarded(cursor, "p"):
        state = cursor.execute(
            "SELECT current_user::text, current_setting('transaction_read_only')"
        ).fetchone()
        assert state == (owner, "on")
    engine.dispose()
    with transaction(admin) as connection:
        connection.execute(f"DROP OWNED BY {owner} CASCADE".encode())
        connection.execute(f"ALTER DATABASE {admin.url.database} OWNER TO {admin.url.username}".encode())
        connection.execute(f"DROP ROLE {owner}".encode())
    admin.dispose()
