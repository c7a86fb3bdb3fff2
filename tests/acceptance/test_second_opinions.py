"""Nights against other emulators of AWS, moto's server and MiniStack, for what they offer (``make opinions``).

Neither knows client certificates, so that one scope of each night fails, and what other people think that AWS
answers has to be read, or refused with a reason, all the same.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import pytest
from sqlalchemy import Engine

from gateledger.nightly import job
from gateledger.settings.loading import load_settings
from gateledger.terminal.progress import SilentProgress
from tests.support.questions import ask

pytestmark = pytest.mark.long

REGION = "us-east-1"
FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(params=["moto_server", "ministack"])
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Name and address of an emulator that runs for one test."""
    program = Path(os.environ.get("GATELEDGER_TEST_EMULATORS", "")) / request.param
    if not os.access(program, os.X_OK) or program.is_dir():
        pytest.skip("GATELEDGER_TEST_EMULATORS names no folder that has it; `make opinions` installs it")
    port = _free_port()
    order = [str(program), *(["-p", str(port)] if request.param == "moto_server" else [])]
    environment = os.environ | {"GATEWAY_PORT": str(port), "TMPDIR": str(tmp_path), "PERSIST_STATE": "0"}
    with (tmp_path / "emulator.log").open("wb") as said:
        process = subprocess.Popen(order, env=environment, cwd=tmp_path, stdout=said, stderr=said)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                said_so_far = (tmp_path / "emulator.log").read_text()
                assert process.poll() is None, said_so_far
                assert time.monotonic() < deadline, said_so_far
                time.sleep(0.1)
        yield request.param, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"max_attempts": 0}),
    )


def _estate(url: str) -> str:
    """Make a REST API with two stages, and an HTTP API with one; return the REST API's id."""
    gateway = _client("apigateway", url)
    made = gateway.create_rest_api(name="orders", tags={"team": "shop"})["id"]
    root = gateway.get_resources(restApiId=made)["items"][0]["id"]
    method = {"restApiId": made, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="HTTP_PROXY", uri="https://backend.example.com/x", integrationHttpMethod="GET"
    )
    deployment = gateway.create_deployment(restApiId=made)["id"]
    for name, traced in (("prod", False), ("beta", True)):
        gateway.create_stage(restApiId=made, stageName=name, deploymentId=deployment, tracingEnabled=traced)
    http = _client("apigatewayv2", url)
    http.create_stage(ApiId=http.create_api(Name="shop", ProtocolType="HTTP")["ApiId"], StageName="live")
    return str(made)


def test_what_other_emulators_answer_is_read_or_refused_with_a_reason(
    emulator: tuple[str, str],
    engine: Engine,
    database_url: str,
    bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, url = emulator
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "GATELEDGER_DATABASE_URL": database_url,
        "GATELEDGER_REGIONS": REGION,
        "GATELEDGER_HASH_KEY": "of the tests, nothing secret",
    }
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    settings = load_settings()

    def night(day: int) -> None:
        job.run(engine, settings, as_of=FIRST + timedelta(days=day), progress=SilentProgress())

    def verdicts(policy: str) -> dict[str, str]:
        found = ask(
            engine,
            "SELECT resource_arn, condition FROM report.finding WHERE policy_id LIKE %s",
            (f"%/{policy}",),
        )
        return {row["resource_arn"].rpartition("/")[2]: row["condition"] for row in found}

    # given the same estate in each
    rest_api_id = _estate(url)
    night(0)
    # then every scope is read but for the client certificates, which the emulator does not know
    scopes = ask(
        engine, "SELECT item_type FROM report.scope_health WHERE status <> 'complete' ORDER BY item_type"
    )
    unread = {row["item_type"] for row in scopes}
    assert unread == ({"client_certificate"} if name == "ministack" else {"client_certificate", "deployment"})
    # and the stages' settings are judged alike
    assert verdicts("rest-api-stage-x-ray-tracing") == {"beta": "tracing_enabled", "prod": "tracing_disabled"}
    assert set(verdicts("http-api-stage-access-logging")) == {"live"}
    # and where the export says what is served it is known, and elsewhere that it is not
    served = {"ministack": "certificate_empty", "moto_server": "integrations_unknown"}[name]
    assert verdicts("rest-api-stage-ssl-certificate") == {"beta": served, "prod": served}
    # when a stage is deleted, it is no finding any longer
    _client("apigateway", url).delete_stage(restApiId=rest_api_id, stageName="beta")
    night(1)
    assert set(verdicts("rest-api-stage-x-ray-tracing")) == {"prod"}
