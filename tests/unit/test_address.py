"""Addresses of databases: every form that libpq takes, a sentence for others, and no secret shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from cmdb.server.address import AddressWrong, read_address

CANARY = "c4nary"


@pytest.fixture(autouse=True)
def bare_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No defaults of libpq from the machine."""
    for name in ("PGSERVICE", "PGDATABASE", "PGCONNECT_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (
            "postgresql://u:p@h:5433/d",
            {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "d"},
        ),
        ("postgres://h/d", {"host": "h", "dbname": "d"}),
        ("POSTGRESQL://h/d", {"host": "h", "dbname": "d"}),
        ("postgresql+psycopg://h/d", {"host": "h", "dbname": "d"}),
        ("postgresql+psycopg2://h/d", {"host": "h", "dbname": "d"}),
        (
            "postgresql://u@h1:5432,h2:5433/d?target_session_attrs=read-write",
            {
                "user": "u",
                "host": "h1,h2",
                "port": "5432,5433",
                "dbname": "d",
                "target_session_attrs": "read-write",
            },
        ),
        ("postgresql:///d?host=h1,h2&port=5432", {"dbname": "d", "host": "h1,h2", "port": "5432"}),
        ("postgresql://[2001:db8::1]:5432/d", {"host": "2001:db8::1", "port": "5432", "dbname": "d"}),
        ("postgresql:///?service=audit", {"service": "audit"}),
        ("postgresql://?service=audit", {"service": "audit"}),
        ("postgresql:///d?host=/run/postgresql", {"dbname": "d", "host": "/run/postgresql"}),
        ("postgresql://%2Frun%2Fpostgresql/d", {"dbname": "d", "host": "/run/postgresql"}),
        ("postgresql://h/d?passfile=/etc/pgpass", {"host": "h", "dbname": "d", "passfile": "/etc/pgpass"}),
        (
            "postgresql://h/d?sslmode=verify-full&sslrootcert=system",
            {"host": "h", "dbname": "d", "sslmode": "verify-full", "sslrootcert": "system"},
        ),
        ("postgresql://u:a%40b%2Fc%3Fd%23e%25@h/d", {"user": "u", "password": "a@b/c?d#e%"}),
        ("postgresql://h/d?user=u%40x&password=p", {"user": "u@x", "password": "p"}),
        ("postgresql://h/d?user=u@x", {"user": "u@x"}),
        ("postgresql://h/d?p%61ssword=p", {"password": "p"}),
        ("host=h dbname=d password='a b'", {"host": "h", "dbname": "d", "password": "a b"}),
        ("service=audit", {"service": "audit"}),
    ],
)
def test_a_form_of_libpq_is_read(text: str, parameters: dict[str, str]) -> None:
    address = read_address(text)
    assert parameters.items() <= address.parameters.items()
    # and the URL that stands for it means the same to libpq's programs
    assert conninfo_to_dict(address.url) == address.parameters


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (CANARY, "not a PostgreSQL URL"),
        (f"mysql://u:{CANARY}@h/d", "not a PostgreSQL URL"),
        (f"postgresql:/u:{CANARY}@h/d", "not a PostgreSQL URL"),
        (f"jdbc:postgresql://h/d?password={CANARY}", "leave jdbc: out"),
        (f"postgresql+asyncpg://u:{CANARY}@h/d", "the driver asyncpg"),
        (f"postgresql+pg8000://u:{CANARY}@h/d", "the driver pg8000"),
        *(
            (f"postgresql://u:{CANARY}{letter}{CANARY}@h/d", "percent-encode")
            for letter in ("@", "/", "?", "#", "%", "/x?", "?a=b&", "#/", "@x/", "%zz", "?sslmode=")
        ),
        (f"postgresql://u:12/{CANARY}@h/d", "percent-encode"),
        (f"postgresql://u:{CANARY} x@h/d", "percent-encode"),
        (f"postgresql://h/d?password={CANARY}#x", "percent-encode"),
        ("postgresql://h/d#x", "percent-encode"),
        (f"postgresql://u:{CANARY}@h/d?ssl=true", "sslmode=require"),
        (f"postgresql://u:{CANARY}@h/d?pgbouncer=true", "not a pooler"),
        (f"postgresql://u:{CANARY}@h/d?schema=public", "leave it out"),
        (f"postgresql://u:{CANARY}@h/d?colour=red", "the option colour"),
        (f"postgresql://u:{CANARY}@h/d?{CANARY}", "has an option"),
        (f"postgresql://u:{CANARY}@h/d?sslmode", "the option sslmode without a value"),
        (f"postgresql://u:{CANARY}@/d?host=h1&host=h2", "host1:5432,host2:5432"),
        (f"postgresql://u:{CANARY}@h:{CANARY}/d", "port"),
        (f"postgresql://u:{CANARY}@h:0/d", "port"),
        (f"postgresql://u:{CANARY}@h1:5432,h2:65536/d", "port"),
        (f"postgresql://u:{CANARY}@[h/d", "URL that can be read"),
        (f"postgresql://u:{CANARY}%00@h/d", "URL that can be read"),
        (f"postgresql://u:{CANARY}@h", "names no database"),
        (f"postgresql://u:{CANARY}@h/d?replication=database", "replication"),
        (f"postgresql:///?service=s&sslpassword={CANARY}", "service file"),
        (f'"postgresql://u:{CANARY}@h/d"', "quotation marks"),
        (f"'postgresql://u:{CANARY}@h/d'", "quotation marks"),
        (f"postgresql://u%3A{CANARY}@h/d", "a user with a colon"),
        (f"postgresql://u%3A{CANARY}%40h/d", "a host that cannot be one"),
        (f"host= user=u dbname={CANARY}", "a host that cannot be one"),
        (f"host=h;dbname=d;password={CANARY} dbname=d", "a host that cannot be one"),
        (f"postgresql://u:{CANARY}@{'h' * 64}.example/d", "a host that cannot be one"),
        (f"postgresql://u:{CANARY}@h..example/d", "a host that cannot be one"),
        (f"dbname=postgresql://u:{CANARY}@h/d", "where the name of the database belongs"),
        (f"postgresql://h/d%3Fuser%3Du%26password%3D{CANARY}", "where the name of the database belongs"),
        (f"postgresql://u:{CANARY}@h/d?connect_timeout=soon", "connect_timeout that is no number"),
        (f"postgresql://u:{CANARY}@h/d?connect_timeout=", "connect_timeout that is no number"),
        (f"postgresql://u:{CANARY}@h/d?connect_timeout=inf", "connect_timeout that is no number"),
        (f"host=h dbname=d passwort={CANARY}", "URL that can be read"),
        (f"host=h dbname=d password='{CANARY}", "URL that can be read"),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(text: str, hint: str) -> None:
    with pytest.raises(AddressWrong) as caught:
        read_address(text)
    sentence = str(caught.value)
    assert hint in sentence
    assert CANARY not in sentence
    assert sentence.endswith("write for example postgresql://user:password@host:5432/gateledger")


def test_libpqs_own_variables_may_name_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGDATABASE", "PGSERVICE"):
        with monkeypatch.context() as set_for_now:
            set_for_now.setenv(name, "audit")
            assert read_address("postgresql://h").parameters == {"host": "h"}


def test_what_libpqs_variables_say_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "soon")
    with pytest.raises(AddressWrong, match="PGCONNECT_TIMEOUT, which is no number of seconds"):
        read_address("postgresql://h/d")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "")
    assert read_address("postgresql://h/d").connection_parameters()["connect_timeout"] == "10"


def test_nobody_is_asked_for_the_pass_phrase_of_a_key() -> None:
    assert read_address("postgresql://h/d").connection_parameters()["sslpassword"] != ""
    given = read_address("postgresql://h/d?sslpassword=p").connection_parameters()
    assert given["sslpassword"] == "p"
    assert "sslpassword" not in read_address("service=s").connection_parameters()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:c4nary@h:5432/d", "postgresql://u:***@h:5432/d"),
        (
            "postgresql://h/d?user=u&password=c4nary&sslpassword=c4nary&sslmode=require",
            "postgresql://u:***@h/d?sslmode=require&sslpassword=***",
        ),
        ("postgresql://h/d?p%61ssword=c4n%61ry", "postgresql://:***@h/d"),
        ("postgresql://u:c4n%61ry@h1:1,h2:2/d", "postgresql://u:***@h1:1,h2:2/d"),
        ("host=h password=c4nary dbname=d", "postgresql://:***@h/d"),
        ("postgresql:///?service=audit", "postgresql:///?service=audit"),
        ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
        ("postgresql://[::1]:5432/d", "postgresql://[::1]:5432/d"),
        ("postgresql://h/d?oauth_client_secret=c4nary", "postgresql://h/d?oauth_client_secret=***"),
        (
            "postgresql://h/d?options=-c%20my.password%3Dc4nary%20-c%20a%3Db",
            "postgresql://h/d?options=-c%20my.password%3D***%20-c%20a%3Db",
        ),
        (
            "postgresql://h/d?sslkey=pkcs11%3Atoken%3Dx%3Bpin-value%3Dc4nary",
            "postgresql://h/d?sslkey=pkcs11:token%3Dx%3Bpin-value%3D***",
        ),
    ],
)
def test_an_address_is_shown_without_its_secrets(text: str, shown: str) -> None:
    address = read_address(text)
    assert str(address) == shown
    assert "c4nary" not in repr(address) + repr(address.sqlalchemy_url())


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=5, max_size=20)


@given(secret=PRINTABLE, place=st.sampled_from(["user", "password", "sslpassword", "raw"]))
def test_a_secret_shows_nowhere_whatever_it_is_made_of(secret: str, place: str) -> None:
    secret = f"c4nary{secret}c4nary"
    written = secret if place == "raw" else quote(secret, safe="")
    text = (
        f"postgresql://user:{written}@host/db"
        if place in {"user", "raw"}
        else f"postgresql://user@host/db?{place}={written}"
    )
    try:
        address = read_address(text)
    except AddressWrong as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert place == "raw"
        assert "c4nary" not in said
        return
    told = f"{address} {address!r} {address.sqlalchemy_url()!r} {address.conceal(f'failed for {secret}')}"
    assert "c4nary" not in told
    with address.for_program() as (connection, environment):
        assert "c4nary" not in connection
        assert ("PGPASSWORD" in environment) == (place != "sslpassword")


def test_programs_find_secrets_in_their_environment_only(tmp_path: Path) -> None:
    address = read_address("postgresql://u:c4nary1@h/d?sslpassword=c4nary2&sslmode=require")
    with address.for_program() as (connection, environment):
        assert environment["PGPASSWORD"] == "c4nary1"
        file = Path(environment["PGSERVICEFILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        # libpq itself puts the two together
        script = (
            "import sys, psycopg\n"
            "try: psycopg.connect(sys.argv[1], host='', hostaddr='', port='1', connect_timeout='1')\n"
            "except psycopg.OperationalError as error: print(error)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script, connection],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "definition of service" not in told.stdout
    assert not file.exists()
