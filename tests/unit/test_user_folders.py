"""User folders hold text, YAML and SQL: whatever else lies there, or pretends to be YAML, is never run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evaluator.catalog.loading import load_catalog
from evaluator.errors import PolicyError

POLICIES = Path(__file__).parents[2] / "evaluator" / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder with a copy of a policy under an id of its own."""
    [original] = [
        each.parent for each in POLICIES.rglob("policy.yaml") if each.parent.name.endswith("ssl-certificate")
    ]
    copy = tmp_path / "mine"
    shutil.copytree(original, copy)
    file = copy / "policy.yaml"
    text = file.read_text()
    file.write_text(text.replace("/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate", "/mine/policy", 1))
    return copy


def test_code_beside_a_policy_is_not_loaded(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    for name in ("__init__.py", "conftest.py", "policy.py", "sitecustomize.py", "logic.py"):
        (folder / name).write_text(f"open({str(trap)!r}, 'w')\n")
    assert load_catalog([tmp_path]).policy("/mine/policy").folder == folder
    assert not trap.exists()


@pytest.mark.parametrize("file", ["policy.yaml", "cases.yaml"])
@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {trap}']",
        "!!python/object/new:subprocess.Popen [['touch', '{trap}']]",
        "!!python/name:os.system",
        "!!python/module:os",
    ],
)
def test_yaml_that_names_python_is_refused_and_not_run(
    folder: Path, tmp_path: Path, file: str, tag: str
) -> None:
    trap = tmp_path / "sprung"
    written = folder / file
    written.write_text(written.read_text() + f"\nextra: {tag.format(trap=trap)}\n")
    with pytest.raises(PolicyError, match=file):
        load_catalog([tmp_path])
    assert not trap.exists()
