"""The demo: the whole job on a simulated organization, leaving the person who runs it alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cmdb.server import embedded
from gateledger.cli.entry import execute
from gateledger.terminal.exits import ExitCode


def test_the_demo_lives_through_its_nights_and_its_data_can_be_looked_at(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a person with settings and credentials of their own, when the demo runs and keeps its data,
    then it tells its nights, its findings can be listed, and nothing of the person's was read or changed.
    """
    home, own_data, kept = tmp_path / "home", tmp_path / "own", data_dir / "kept"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(own_data))
    monkeypatch.setenv("GATELEDGER_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    monkeypatch.setenv("GATELEDGER_MAX_STALENESS", "nonsense")
    before = dict(os.environ)

    assert execute(["demo", "--nights", "3", "--keep", str(kept)]) == ExitCode.DONE

    captured = capsys.readouterr()
    assert captured.err == ""
    assert [line[:8] for line in captured.out.splitlines() if line.startswith("Night")] == [
        "Night  1",
        "Night  2",
        "Night  3",
    ]
    assert "certificate_empty" in captured.out
    assert "certificate_present" in captured.out
    assert f"GATELEDGER_DATA_DIR={kept}" in captured.out
    assert dict(os.environ) == before
    assert list(home.iterdir()) == []
    assert not own_data.exists()

    for name in [name for name in os.environ if name.startswith("GATELEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GATELEDGER_DATA_DIR", str(kept))
    assert execute(["findings", "--format", "json"]) == ExitCode.DONE
    listed = json.loads(capsys.readouterr().out)
    assert {finding["status"] for finding in listed} >= {"COMPLIANT", "INCOMPLIANT", "INAPPLICABLE"}
    assert len({finding["account_id"] for finding in listed}) >= 3
    statuses = [finding["status"] for finding in listed]
    assert statuses[0] == "INCOMPLIANT"
    assert statuses == sorted(statuses, key=list(dict.fromkeys(statuses)).index)

    assert execute(["findings", "--status", "incompliant", "--fail-on", "INCOMPLIANT"]) == ExitCode.FINDINGS
    assert len(capsys.readouterr().out.splitlines()) == statuses.count("INCOMPLIANT") + 1
    assert execute(["history", listed[0]["resource_arn"], "--format", "json"]) == ExitCode.DONE
    assert listed[0]["condition"] in {record["condition"] for record in json.loads(capsys.readouterr().out)}
    # what is no stage is explained too, a REST API beside its stages where a policy says that it is meant
    first = {finding["item_type"]: finding for finding in listed}
    with embedded.lease(kept):
        for kind in ("rest_api", "domain_name", "account_settings"):
            finding = first[kind]
            arguments = [finding["resource_arn"], "--account", finding["account_id"], "--format", "json"]
            assert execute(["explain", *arguments, "--policy", finding["policy_id"]]) == ExitCode.DONE
            (told,) = json.loads(capsys.readouterr().out)
            assert (told["resource_arn"], told["status"]) == (finding["resource_arn"], finding["status"])
    assert execute(["status", "--format", "json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["last_run"]["run_id"] == 3

    assert execute(["demo", "--keep", str(kept)]) == ExitCode.ERROR
    assert "already holds a database" in capsys.readouterr().err
