"""Secrets planted wherever they can be come out nowhere: output, logs, database, dump, reports, exports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from cmdb.server.embedded_binaries import embedded_binary
from simulated_aws import FaultKind
from tests.support.jobs import Jobs
from tests.support.nights import ACCOUNT, REGION, Nights

CANARIES = {
    "stage variable": "CANARYvariable7731",
    "sensitive tag": "CANARYtag7732",
    "external id": "CANARYexternal7733",
    "hash key": "CANARYhashkey7734",
    "notify address": "CANARYnotify7735",
    "database password": "CANARYpassword7736",
}


def test_no_canary_comes_out_anywhere(
    make_nights: Callable[..., Nights], jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given an estate and settings full of secrets
    nights = make_nights(
        hash_key=CANARIES["hash key"],
        external_id=CANARIES["external id"],
        sensitive_tags="owner",
        notify=f"json://127.0.0.1:9/{CANARIES['notify address']}",
    )
    url = os.environ["GATELEDGER_DATABASE_URL"]
    with_password = make_url(url).set(password=CANARIES["database password"])
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
