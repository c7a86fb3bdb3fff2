"""The examples under deploy/, each checked by its own tool, and the Makefile's two set-ups."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cfnlint import lint_all

from evaluator.catalog.loading import load_catalog
from gateledger.queries.iam_policy import caller_policy
from gateledger.queries.wanted import scopes_of
from gateledger.settings.model import environment_name, setting_names
from tests.support.command_tree import command_paths

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = [
    document
    for document in yaml.safe_load_all((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    if document
]
ECS = DEPLOY / "ecs" / "scheduled-task.yaml"
UNITS = ("gateledger.timer", "gateledger.service")


class _Template(yaml.SafeLoader):
    """Reads CloudFormation's short functions as what they are applied to."""


def _function(loader: _Template, _suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Template.add_multi_constructor("!", _function)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8")
        # Verifying looks for the program.
        text = text.replace("/opt/gateledger/bin/gateledger", sys.executable)
        (tmp_path / unit).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("version", ["1.31", kubernetes_validate.latest_version()])
def test_kubernetes_takes_the_manifests(version: str) -> None:
    assert [document["kind"] for document in KUBERNETES] == ["ServiceAccount", "Secret", "CronJob"]
    for document in KUBERNETES:
        kubernetes_validate.validate(document, version, strict=True)


def test_pods_run_as_an_ordinary_user_with_a_read_only_root() -> None:
    pod = KUBERNETES[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounted == {"/tmp", "/var/lib/gateledger"}  # noqa: S108


def test_cloudformation_takes_the_template() -> None:
    matches = lint_all(ECS.read_text(encoding="utf-8"))
    # Errors and warnings; the rest is advice.
    assert [str(match) for match in matches if match.rule.id[0] in "EW"] == []


def test_the_tasks_role_allows_what_iam_policy_prints() -> None:
    template = yaml.load(ECS.read_text(encoding="utf-8"), Loader=_Template)  # noqa: S506  a SafeLoader
    (policy,) = template["Resources"]["TaskRole"]["Properties"]["Policies"]
    scopes = scopes_of(load_catalog().enabled(None))
    wanted = _rights(caller_policy("self", None, scopes, "aws"))
    assert _rights(policy["PolicyDocument"]) == wanted


def _rights(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return actions and the ends of the resources that they are for."""
    return {
        (action, _listed(resource)[0].rpartition(":")[2])
        for statement in document["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_examples_name_commands_and_settings_that_exist() -> None:
    container = KUBERNETES[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    template = yaml.load(ECS.read_text(encoding="utf-8"), Loader=_Template)  # noqa: S506  a SafeLoader
    called = [
        *(each["args"] for each in (*container["initContainers"], *container["containers"])),
        *(each["Command"] for each in template["Resources"]["Task"]["Properties"]["ContainerDefinitions"]),
    ]
    unit = (DEPLOY / "systemd" / "gateledger.service").read_text(encoding="utf-8")
    called += re.findall(r"^ExecStart=\S+ (.+)$", unit, re.MULTILINE)
    for words in called:
        assert tuple(words.split() if isinstance(words, str) else words) in command_paths()
    named = {
        name
        for file in DEPLOY.rglob("*")
        if file.suffix in {".yaml", ".service"} and "grafana" not in file.parts
        for name in re.findall(r"GATELEDGER_[A-Z_]+", file.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= {environment_name(name) for name in setting_names()}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(("target", "with_tools"), [("demo", False), ("test", True), ("lint", True)])
def test_the_demos_set_up_installs_no_test_tool(target: str, with_tools: bool, tmp_path: Path) -> None:
    steps = subprocess.run(
        ["make", "--dry-run", target, f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "--editable ." in steps
    assert ("[dev]" in steps) is with_tools
