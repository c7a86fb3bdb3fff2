"""Secrets planted wherever they can be come out nowhere: output, logs, database, dump, reports, exports."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from cmdb.server.embedded_binaries import embedded_binary
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode
from simulated_aws import FaultKind
from tests.support.command_line import CommandLine
from tests.support.jobs import Jobs
from tests.support.nights import ACCOUNT, REGION, Nights

CANARIES = {
    "stage variable": "CANARYvariable7731",
    "sensitive tag": "CANARYtag7732",
    "external id": "CANARYexternal7733",
    "hash key": "CANARYhashkey7734",
    "notify address": "CANARYnotify7735",
    "database password": "CANARYpassword7736",
    "password of the client's key": "CANARYkeypassword7737",
    "password of a password file": "CANARYpassfile7738",
    "password of a service file": "CANARYservice7739",
    "password of the endpoint": "CANARYendpoint7740",
    "password of the proxy": "CANARYproxy7741",
    "login of the notify address": "CANARYlogin7742",
}
#: Where a URL of a database can hold a password: each way of writing it, and whether it can be used so.
PLACES = {
    "a password after the user": ("postgresql://u:{secret}@{host}/d", True),
    "an option": ("postgresql://{host}/d?user=u&password={secret}", True),
    "two options": ("postgresql://{host}/d?password={secret}&sslpassword={secret}&user=u", True),
    "an encoded option": ("postgresql://{host}/d?p%61ssword=%43{tail}&user=u", True),
    "another driver's URL": ("postgresql+psycopg2://u:{secret}@{host}/d", True),
    "keywords": ("host={host} dbname=d user=u password='{secret} x'", True),
    "several hosts": ("postgresql://u:{secret}@{host}:1,{host}:2/d", True),
    "a raw @": ("postgresql://u:x@{secret}@{host}/d", False),
    "a raw /": ("postgresql://u:x/{secret}@{host}/d", False),
    "a raw ?": ("postgresql://u:x?{secret}@{host}/d", False),
    "a raw #": ("postgresql://u:x#{secret}@{host}/d", False),
    "a raw %": ("postgresql://u:x%{secret}@{host}/d", False),
    "an option nobody knows": ("postgresql://{host}/d?pasword={secret}", False),
    "an option's name": ("postgresql://{host}/d?{secret}=x", False),
    "a port": ("postgresql://u:{secret}/d", False),
    "another database's URL": ("mysql://u:{secret}@{host}/d", False),
    "nothing else": ("{secret}", False),
}


def test_no_canary_comes_out_anywhere(
    make_nights: Callable[..., Nights], jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given an estate and settings full of secrets
    nights = make_nights(
        hash_key=CANARIES["hash key"],
        external_id=CANARIES["external id"],
        sensitive_tags="owner",
        notify=f"json://u:{CANARIES['login of the notify address']}@127.0.0.1:9/{CANARIES['notify address']}",
    )
    url = os.environ["GATELEDGER_DATABASE_URL"]
    # given as options, so that nothing can find it after the user
    hidden = make_url(url)
    with_password = hidden.set(
        query={
            **hidden.query,
            "password": CANARIES["database password"],
            "sslpassword": CANARIES["password of the client's key"],
        }
    )
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", with_password.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    place = nights.place()
    stage = nights.stage(certificate=nights.certificate())
    place.update_api(stage.api_id, tags={"owner": CANARIES["sensitive tag"]})
    secrets = {
        "variables": {"password": CANARIES["stage variable"]},
        "tags": {"owner": CANARIES["sensitive tag"]},
    }
    place.update_stage(stage.api_id, stage.name, **secrets)
    canaries = {**CANARIES, "secret access key": nights.aws.environment(ACCOUNT)["AWS_SECRET_ACCESS_KEY"]}
    found: dict[str, bytes] = {}

    def run(*words: str, code: int = 0, **more: str) -> None:
        done = jobs.call(words, os.environ | more, tmp_path)
        assert done.code == code, done.errors
        found[" ".join(words) + str(more)] = (done.output + done.errors).encode()

    # when everything that writes is asked, with the most talkative logs, in good times and bad ones
    run("--log-level", "debug", "run", GATELEDGER_LOG_FORMAT="json")
    nights.detach(stage)
    nights.aws.faults.add(FaultKind.DENIED, operation="GetClientCertificates")
    run("-vv", "run", code=3)
    run("-vv", "findings", "--format", "json")
    run("-vv", "status", "--format", "json")
    run("history", stage.arn)
    run("explain", stage.arn)
    for form in ("ocsf", "asff", "csv", "json"):
        run("export", "--format", form)
    run("-vv", "report", "--out", str(tmp_path / "site"))
    run("iam-policy", "--format", "cloudformation")
    away = with_password.set(query={"host": str(tmp_path)}).render_as_string(hide_password=False)
    run("--log-level", "debug", "run", code=1, GATELEDGER_DATABASE_URL=away)
    run("status", code=1, GATELEDGER_DATABASE_URL=f"postgres:/{CANARIES['database password']}")
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{CANARIES['password of a password file']}")
    (tmp_path / "pgpass").chmod(0o600)
    service = f"[s]\npassword={CANARIES['password of a service file']}\nhost={tmp_path}\ndbname=d\n"
    (tmp_path / "services.conf").write_text(service)
    files = {"PGPASSFILE": str(tmp_path / "pgpass"), "PGSERVICEFILE": str(tmp_path / "services.conf")}
    run("-vv", "status", code=1, GATELEDGER_DATABASE_URL="postgresql:///?service=s", **files)
    run("-vv", "status", code=1, GATELEDGER_DATABASE_URL=f"postgresql:///d?host={tmp_path}", **files)
    run(
        *("-vv", "run"),
        code=1,
        AWS_ENDPOINT_URL=f"http://u:{CANARIES['password of the endpoint']}@aws.invalid",
        HTTP_PROXY=f"http://u:{CANARIES['password of the proxy']}@127.0.0.1:9",
    )
    run("run", code=1, GATELEDGER_NOTIFY=f"nonsense {CANARIES['notify address']}")
    found["the database"] = subprocess.run(
        [embedded_binary("pg_dump"), url], capture_output=True, check=True
    ).stdout
    for file in (tmp_path / "site").rglob("*"):
        if file.is_file():
            found[f"the report's {file.name}"] = file.read_bytes()
    # then what was stored says that there is something, and no canary is in any of it
    assert b"password" in found["the database"]
    assert REGION.encode() in found["the database"]
    leaks = {
        (secret, place)
        for secret, text in canaries.items()
        for place, said in found.items()
        if text.encode() in said
    }
    assert leaks == set()


@pytest.mark.parametrize("place", PLACES)
def test_no_place_of_a_database_address_gives_its_secret_away(
    place: str, tmp_path: Path, bare_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = CANARIES["database password"]
    form, can_be_used = PLACES[place]
    url = form.format(
        secret=secret, tail=secret[1:], host="127.0.0.1" if "several" in place else "no.invalid"
    )
    monkeypatch.chdir(tmp_path)
    command_line = CommandLine(url, monkeypatch)
    for arguments in (("run",), ("status", "--format", "json"), ("db", "dump", "x"), ("-vv", "findings")):
        ended = command_line(*arguments)
        assert ended.code == ExitCode.ERROR
        assert secret not in ended.out + ended.err
        assert "***" in ended.err or not can_be_used or arguments != ("run",)
    # and the file of the settings is no other place
    (tmp_path / "gateledger.toml").write_text(f"database_url = {json.dumps(url)}\n")
    monkeypatch.delenv("GATELEDGER_DATABASE_URL")
    with contextlib.redirect_stderr(io.StringIO()) as told:
        assert execute(["status"]) == ExitCode.ERROR
    assert secret not in told.getvalue()
