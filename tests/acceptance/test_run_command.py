"""``gateledger run`` as people and schedulers start it: exit codes, and one sentence for what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from cmdb.runs import runs
from gateledger.terminal.exits import ExitCode
from simulated_aws import FaultKind, SimulatedAws
from tests.support.jobs import Ending, Jobs
from tests.support.nights import ACCOUNT, REGION
from tests.support.questions import ask

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Shell:
    """A shell in an empty directory, with credentials of the simulated AWS and a database."""

    jobs: Jobs
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def call(self, *arguments: str, **changes: str | None) -> Ending:
        """Run ``gateledger`` with environment variables set, or taken away (None)."""
        changed: dict[str, str | None] = {**self.environment, **changes}
        environment = {name: value for name, value in changed.items() if value is not None}
        return self.jobs.call(arguments, environment, self.folder)

    def refused(self, *arguments: str, **changes: str | None) -> str:
        """Run ``gateledger run``, which must end with code 1 and one sentence; return the sentence."""
        ended = self.call("--log-level", "error", "run", *arguments, **changes)
        assert ended.code == ExitCode.ERROR, ended.errors
        assert ended.output == ""
        assert ended.errors.startswith("gateledger: ")
        assert ended.errors.count("\n") == 1, ended.errors
        assert ended.errors.endswith(".\n")
        assert "Traceback" not in ended.errors
        return ended.errors.removeprefix("gateledger: ").strip()


@pytest.fixture
def shell(jobs: Jobs, tmp_path: Path, aws: SimulatedAws, database_url: str) -> Shell:
    """A shell in which everything is right; one stage without a certificate is there to be found."""
    place = aws.estate.region(ACCOUNT, REGION)
    place.add_stage(place.add_api("orders").id, "prod")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return Shell(
        jobs,
        tmp_path,
        {
            **kept,
            **aws.environment(ACCOUNT),
            "GATELEDGER_DATABASE_URL": database_url,
            "GATELEDGER_DATA_DIR": str(tmp_path / "data"),
            "GATELEDGER_REGIONS": REGION,
            "GATELEDGER_POLICIES": "/ce/ca/*certificate*",
        },
    )


def history(engine: Engine) -> dict[str, int]:
    """Return how many rows each table has that a run writes to."""
    tables = ("cmdb.account", "cmdb.stage", "cmdb.scope", "compliance.record", "compliance.tally")
    return {table: ask(engine, f"SELECT count(*) AS rows FROM {table}")[0]["rows"] for table in tables}


def runs_of(engine: Engine) -> list[str]:
    """Return how the runs ended."""
    return [row["status"] for row in ask(engine, "SELECT status FROM cmdb.run ORDER BY run_id")]


NOTHING = dict.fromkeys(
    ("cmdb.account", "cmdb.stage", "cmdb.scope", "compliance.record", "compliance.tally"), 0
)


@pytest.mark.both_servers
def test_exit_codes_of_a_run(shell: Shell, aws: SimulatedAws, engine: Engine) -> None:
    # given a night on which all is read
    ended = shell.call("run", "--format", "json")
    # then it is done, and the summary is one object on stdout
    assert ended.code == ExitCode.DONE, ended.errors
    summary = json.loads(ended.output)
    assert summary["findings"] == summary["new"] == {"INCOMPLIANT": 1, "INAPPLICABLE": 1}
    assert (summary["scopes_failed"], summary["failures"]) == (0, [])
    # when findings are asked about that exist, and ones that do not
    assert shell.call("run", "--fail-on", "INCOMPLIANT").code == ExitCode.FINDINGS
    assert shell.call("run", "--fail-on", "UNDETERMINED").code == ExitCode.DONE
    # when a scope cannot be read
    aws.faults.add(FaultKind.DENIED, "GetRestApis")
    ended = shell.call("run")
    assert ended.code == ExitCode.INCOMPLETE
    assert f"Not read: 3 scopes in {ACCOUNT}, {REGION}, 3 item types (failed): GetRestApis" in ended.output
    # then findings that were asked about win over that
    assert shell.call("run", "--fail-on", "INCOMPLIANT").code == ExitCode.FINDINGS
    assert runs_of(engine) == ["complete", "complete", "complete", "incomplete", "incomplete"]


NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
NOWHERE = "postgresql://user:c4nary@127.0.0.1:1/gateledger"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (NO_KEYS, "no AWS credentials"),
        ({"AWS_PROFILE": "nobody", **NO_KEYS}, "nobody"),
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"}, "InvalidClientTokenId"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "could not reach 127.0.0.1:1"),
        ({"GATELEDGER_REGIONS": "eu-central-9"}, "eu-central-9"),
        ({"GATELEDGER_ACCOUNTS": "organization", "GATELEDGER_ROLE_NAME": "Reader"}, "NotInUseException"),
    ],
    ids=["no credentials", "no such profile", "wrong key", "no endpoint", "wrong region", "no organization"],
)
def test_an_aws_that_does_not_answer_as_it_should(
    shell: Shell, engine: Engine, aws: SimulatedAws, changes: dict[str, str | None], words: str
) -> None:
    aws.estate.leave_organization(ACCOUNT)
    # given something about AWS that is wrong, the sentence says it
    assert words in shell.refused(**changes)
    # then the run is told as failed, and nothing of an inventory is written
    assert runs_of(engine) == ["failed"]
    left = history(engine)
    assert left | {"cmdb.account": 0, "cmdb.scope": 0} == NOTHING
    # and the next run works
    assert shell.call("run").code == ExitCode.DONE
    assert runs_of(engine) == ["failed", "complete"]


def test_a_credential_process_that_prints_no_json_is_one_sentence(shell: Shell) -> None:
    """Given a provider of the SDK that fails, the command ends with 1; no log line holds a traceback."""
    config = shell.folder / "aws-config"
    config.write_text("[profile audit]\ncredential_process = /bin/echo c4nary\n", encoding="utf-8")
    ended = shell.call("run", AWS_PROFILE="audit", AWS_CONFIG_FILE=str(config), **NO_KEYS)
    assert ended.code == ExitCode.ERROR
    sentence = ended.errors.splitlines()[-1]
    assert sentence.startswith(
        "gateledger: The credential_process of AWS profile audit printed something that"
    )
    assert ended.output == ""
    assert "Traceback" not in ended.errors
    assert "c4nary" not in ended.errors


def test_a_wrong_key_after_a_good_night_closes_nothing(shell: Shell, engine: Engine) -> None:
    assert shell.call("run").code == ExitCode.DONE
    before = history(engine)
    shell.refused(AWS_ACCESS_KEY_ID="AKIAUNKNOWNUNKNOWN00")
    assert history(engine) == before
    findings = ask(engine, "SELECT status FROM report.finding ORDER BY 1")
    assert [finding["status"] for finding in findings] == ["INAPPLICABLE", "INCOMPLIANT"]
    scopes = ask(engine, "SELECT DISTINCT status, error FROM report.scope_health")
    assert [scope["status"] for scope in scopes] == ["uncollected"]
    assert "ended early" in scopes[0]["error"]
    assert shell.call("run").code == ExitCode.DONE
    assert history(engine) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GATELEDGER_DATABASE_URL": NOWHERE}, "GATELEDGER_DATABASE_URL"),
        ({"GATELEDGER_DATABASE_URL": "postgresql://user@nowhere.invalid/db"}, "GATELEDGER_DATABASE_URL"),
        ({"GATELEDGER_DATABASE_URL": "mysql://user@127.0.0.1/db"}, "not a PostgreSQL URL"),
        ({"GATELEDGER_MAX_STALENESS": "72"}, "72h"),
        ({"GATELEDGER_ACCOUNTS": "organization"}, "GATELEDGER_ROLE_NAME"),
        ({"GATELEDGER_POLICY_DIRS": "/no/such/directory"}, "/no/such/directory"),
        ({"GATELEDGER_POLICY_PARAMETERS": '{"/no/such/policy": {"days": 1}}'}, "/no/such/policy"),
    ],
    ids=["refused", "no such host", "mysql", "no unit", "no role", "no directory", "no such policy"],
)
def test_settings_that_cannot_work(
    shell: Shell, engine: Engine, aws: SimulatedAws, changes: dict[str, str | None], words: str
) -> None:
    sentence = shell.refused(**changes)
    assert words in sentence
    assert "c4nary" not in sentence
    # then no run began, and AWS was not asked
    assert runs_of(engine) == []
    assert history(engine) == NOTHING
    assert aws.log.entries() == []


def test_an_unknown_setting(shell: Shell, engine: Engine) -> None:
    # given a file with a setting that there is not
    file = shell.folder / "gateledger.toml"
    file.write_text("max_stalenes = '72h'\n", encoding="utf-8")
    sentence = shell.refused()
    assert "max_stalenes" in sentence
    assert "did you mean max_staleness?" in sentence
    assert runs_of(engine) == []
    # and one of the environment, which others may have set, only a warning
    file.unlink()
    ended = shell.call("run", GATELEDGER_MAX_STALENES="72h")
    assert ended.code == ExitCode.DONE
    assert "GATELEDGER_MAX_STALENES" in ended.errors


def test_a_time_before_the_last_run(shell: Shell, engine: Engine) -> None:
    assert shell.call("run", "--as-of", "2026-11-02T02:00:00Z").code == ExitCode.DONE
    before = history(engine)
    assert "2026-11-02T02:00:00Z" in shell.refused("--as-of", "2026-11-01T02:00:00Z")
    assert history(engine) == before
    assert runs_of(engine) == ["complete"]


def test_a_database_that_was_never_upgraded(shell: Shell, empty_database_url: str) -> None:
    sentence = shell.refused(GATELEDGER_DATABASE_URL=empty_database_url)
    assert "gateledger db upgrade" in sentence


def test_a_database_that_is_not_there(shell: Shell, database_url: str) -> None:
    url = make_url(database_url).set(database="nobody_made_it").render_as_string(hide_password=False)
    assert "nobody_made_it" in shell.refused(GATELEDGER_DATABASE_URL=url)


@pytest.fixture
def guarded_user(engine: Engine) -> Iterator[str]:
    """A user who needs a password; the server trusts all others as before."""
    name = "acceptance_guarded"
    (row,) = ask(engine, "SELECT current_setting('hba_file') AS file")
    file = Path(row["file"])
    before = file.read_text(encoding="utf-8")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        execute = connection.exec_driver_sql
        execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'right'").format(sql.Identifier(name)).as_string())
        file.write_text(f"local all {name} scram-sha-256\n{before}", encoding="utf-8")
        execute("SELECT pg_reload_conf()")
        yield name
        file.write_text(before, encoding="utf-8")
        execute("SELECT pg_reload_conf()")
        execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)).as_string())


def test_a_wrong_password(shell: Shell, guarded_user: str, database_url: str, engine: Engine) -> None:
    url = make_url(database_url).set(username=guarded_user, password="c4nary")
    sentence = shell.refused(GATELEDGER_DATABASE_URL=url.render_as_string(hide_password=False))
    assert "password authentication failed" in sentence
    assert "c4nary" not in sentence
    assert runs_of(engine) == []


def test_two_runs_at_the_same_moment(shell: Shell, engine: Engine) -> None:
    # given a run in progress
    with runs.run_lock(engine):
        sentence = shell.refused()
    # then a second one does not even begin
    assert "in progress" in sentence
    assert runs_of(engine) == []
    assert history(engine) == NOTHING
    # and once the first is done it may
    assert shell.call("run").code == ExitCode.DONE


POLICY = ROOT / "evaluator/policies/aws/apigateway/rest-api-stage-ssl-certificate"


def _without(file: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / file).unlink()


def _with(file: str, before: str, after: str) -> Callable[[Path], Any]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert before in text
        (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")

    return change


MISTAKES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no logic": (_without("logic.sql"), "logic.sql"),
    "no policy file": (_without("policy.yaml"), "policy.yaml"),
    "no cases": (_without("cases.yaml"), "cases.yaml"),
    "broken yaml": (_with("policy.yaml", "severity: ", "severity: ["), "YAML"),
    "unknown status": (_with("policy.yaml", "status: INCOMPLIANT", "status: WRONG"), "WRONG"),
    "a condition of nobody": (
        _with("logic.sql", "'private_endpoint'", "'no_such_condition'"),
        "no_such_condition",
    ),
    "two statements": (_with("logic.sql", "SELECT", "SELECT 1; SELECT"), "logic.sql"),
    "a write": (_with("logic.sql", "SELECT", "DELETE FROM cmdb.stage; SELECT"), "logic.sql"),
    "another table": (_with("logic.sql", "FROM stage\n", "FROM cmdb.stage\n"), "cmdb"),
    "the same id twice": (lambda folder: None, "already"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_policy_folder_with_a_mistake(
    shell: Shell, engine: Engine, aws: SimulatedAws, mistake: str
) -> None:
    # given a policy of one's own with a mistake in it
    make, words = MISTAKES[mistake]
    folder = shell.folder / "policies" / "mine"
    shutil.copytree(POLICY, folder)
    if mistake != "the same id twice":
        _with("policy.yaml", "rest-api-stage-ssl-certificate", "mine")(folder)
    make(folder)
    # then it is refused before anything runs, the right ones with it
    sentence = shell.refused(GATELEDGER_POLICY_DIRS=str(folder.parent))
    assert words in sentence
    assert str(folder) in sentence
    assert runs_of(engine) == []
    assert history(engine) == NOTHING
    assert aws.log.entries() == []


def test_a_full_disk_under_the_embedded_database(shell: Shell) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    # given a disk too small for a database
    disk = shell.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], check=True)
    try:
        sentence = shell.refused(GATELEDGER_DATABASE_URL=None, GATELEDGER_DATA_DIR=str(disk))
        assert "full" in sentence
        # then nothing is left of the attempt but what it takes to try again
        left = [path for path in disk.rglob("*") if path.is_file() and "pgdata" in path.parts]
        assert left == []
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
