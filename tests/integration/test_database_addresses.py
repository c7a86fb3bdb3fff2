"""libpq's own forms of an address, end to end: gateledger itself and PostgreSQL's programs, over TLS."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from cmdb.server.database import open_engine, transaction
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from tests.support.doses import at_length
from tests.support.guarded_server import HOST, KEY_PASSWORD, PASSWORD, Guarded, guarded_server
from tests.support.servers import find_system_15

CANARY = "c4nary"
TLS = "sslmode=verify-full&sslrootcert={folder}/ca.crt"
ENCODED = quote(PASSWORD, safe="")
LOGIN = f"postgresql://guarded:{{password}}@{HOST}:{{port}}/ledger"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    if find_system_15() is None:
        pytest.skip("PostgreSQL 15 is not installed, and the embedded one speaks no TLS")
    with guarded_server() as running:
        yield running


@pytest.fixture(autouse=True)
def bare_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, of gateledger or of libpq; an empty working directory."""
    for name in [name for name in os.environ if name.startswith(("GATELEDGER_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def with_service(guarded: Guarded, patch: pytest.MonkeyPatch) -> str:
    """Write a service file; return a URL that names its service."""
    file = Path("services.conf")
    file.write_text(
        f"[ledger]\nhost={HOST}\nport={guarded.port}\ndbname=ledger\nuser=guarded\npassword={PASSWORD}\n"
        f"sslmode=verify-full\nsslrootcert={guarded.folder}/ca.crt\n"
    )
    patch.setenv("PGSERVICEFILE", str(file.absolute()))
    return "postgresql:///?service=ledger"


def with_service_of_the_environment(guarded: Guarded, patch: pytest.MonkeyPatch) -> str:
    with_service(guarded, patch)
    patch.setenv("PGSERVICE", "ledger")
    return "postgresql://"


def with_passfile(guarded: Guarded, patch: pytest.MonkeyPatch) -> str:
    """Write a password file, in which a backslash stands before colons; return a URL that names it."""
    file = Path("pgpass")
    file.write_text(f"*:*:ledger:guarded:{PASSWORD.replace(':', chr(92) + ':')}\n")
    file.chmod(0o600)
    options = TLS.format(folder=guarded.folder)
    return f"postgresql://guarded@{HOST}:{guarded.port}/ledger?passfile={file.absolute()}&{options}"


def simple(form: str) -> Callable[[Guarded, pytest.MonkeyPatch], str]:
    def fill(guarded: Guarded, _patch: pytest.MonkeyPatch) -> str:
        options = TLS.format(folder=guarded.folder)
        return form.format(
            port=guarded.port,
            password=ENCODED,
            raw=PASSWORD,
            key=quote(KEY_PASSWORD, safe=""),
            tls=options,
            folder=guarded.folder,
        )

    return fill


FORMS = {
    "user and password": simple(f"postgresql://guarded:{{password}}@{HOST}:{{port}}/ledger?{{tls}}"),
    "SQLAlchemy's": simple(f"postgresql+psycopg2://guarded:{{password}}@{HOST}:{{port}}/ledger?{{tls}}"),
    "all as options": simple(
        f"postgres:///ledger?user=guarded&password={{password}}&host={HOST}&port={{port}}&{{tls}}"
    ),
    "several hosts": simple(
        f"postgresql://guarded:{{password}}@{HOST}:1,{HOST}:{{port}}/ledger?target_session_attrs=read-write&{{tls}}"
    ),
    "keywords": simple(
        f"host={HOST} port={{port}} dbname=ledger user=guarded password='{{raw}}' "
        "sslmode=verify-ca sslrootcert={folder}/ca.crt"
    ),
    "a client's certificate": simple(
        f"postgresql://certified@{HOST}:{{port}}/ledger?{{tls}}&sslcert={{folder}}/client.crt"
        "&sslkey={folder}/client.key&sslpassword={key}"
    ),
    "a service": with_service,
    "a service of the environment": with_service_of_the_environment,
    "a password file": with_passfile,
}


#: Programs of PostgreSQL are all told the address as psql is; a URL, keywords and a file stand for the rest.
DUMPED = frozenset({"user and password", "keywords", "a password file"})


#: Forms that are read as another one here is, but for one word.
ALIKE = frozenset({"all as options", "several hosts", "a service of the environment"})


@pytest.mark.parametrize("form", at_length(list(FORMS), but=lambda form: form not in ALIKE))
def test_every_form_serves_every_command_and_shows_no_secret(
    form: str, guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    url = FORMS[form](guarded, monkeypatch)
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", url)

    def run(*arguments: str) -> str:
        assert execute(arguments) == ExitCode.DONE, (arguments, capfd.readouterr().err)
        told = capfd.readouterr()
        assert CANARY not in told.err
        return told.out

    try:
        run("--log-level", "debug", "db", "upgrade")
        status = run("status") + run("status", "--format", "json")
        assert CANARY not in status
        assert "***" in status or "password" not in url
        assert run("findings", "--format", "json") == "[]\n"
        # PostgreSQL's own programs, over TLS too; no secret is on a command line that others can read
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert run("db", "psql", "--", "-AtXc", asked) == "t\n"
        assert CANARY not in run("db", "psql", "--", "-AtXc", r"\! tr '\0' ' ' < /proc/$PPID/cmdline")
        if form in DUMPED:
            run("db", "dump", "x.dump")
            run("db", "restore", "--force-empty", "x.dump")
        # and the URL for other programs is libpq's
        printed = run("db", "uri").strip()
        with psycopg.connect(printed) as connection:
            assert connection.info.dbname == "ledger"
    finally:
        engine = open_engine(url)
        with transaction(engine) as connection:
            connection.execute("DROP SCHEMA IF EXISTS report, queue, compliance, cmdb CASCADE")
        engine.dispose()


@pytest.mark.parametrize(
    ("form", "hint"),
    [
        (f"postgresql://guarded:c4nary-wrong@{HOST}:{{port}}/ledger?{{tls}}", "password"),
        (f"postgresql://guarded@{HOST}:{{port}}/ledger?{{tls}}&password=c4nary-wrong", "password"),
        (f"{LOGIN}?sslmode=disable", "pg_hba.conf"),
        (
            f"postgresql://guarded:{{password}}@{HOST}:{{port}}/ledger?sslmode=verify-full&sslrootcert=/no.crt",
            "/no.crt",
        ),
        (
            f"postgresql://guarded:{{password}}@{HOST}:{{port}}/ledger?target_session_attrs=standby&{{tls}}",
            "standby",
        ),
        (f"postgresql://guarded:{{password}}@{HOST}:1,{HOST}:2/ledger", "refused"),
        ("postgresql:///ledger?service=nowhere&password={password}", "nowhere"),
        (
            f"postgresql://certified@{HOST}:{{port}}/ledger?{{tls}}&sslcert={{folder}}/client.crt"
            "&sslkey={folder}/client.key&sslpassword=c4nary-wrong",
            "client.key",
        ),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_without_a_secret(
    form: str, hint: str, guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", simple(form)(guarded, monkeypatch))
    for arguments in (["run"], ["status"], ["db", "dump", "x.dump"], ["--log-level", "debug", "findings"]):
        assert execute(arguments) == ExitCode.ERROR
        told = capfd.readouterr()
        sentence = re.sub(r"(?s)^.*(?=gateledger: )", "", told.err)
        assert (told.out, sentence.count("\n")) == ("", 1), told.err
        assert hint in sentence
        assert CANARY not in told.err
    assert list(Path().glob("*.dump")) == []
