"""Remembered checks save time and decide nothing: whatever lies in their file, the answer is the check's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.catalog.logic import Logic, check_logic
from evaluator.catalog.remembered import Memory
from evaluator.errors import PolicyError
from tests.unit.policies.test_policy_mistakes import LOGIC

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(file.parent for file in (ROOT / "evaluator" / "policies").rglob("policy.yaml"))
#: Loads a directory of policies in a process of its own; prints what that took.
COUNT = """
import sys
from collections import Counter
from pathlib import Path
from evaluator.catalog import loading
from evaluator.catalog.remembered import MEMORY

opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments[0]) if event == "open" else None)
catalog = loading.load_catalog([Path(sys.argv[1])])
files = Counter(name for name in map(str, opened) if name.endswith((".yaml", ".sql", ".md")))
print(len(catalog.policies), MEMORY.made, max(files.values()))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where checks are remembered."""
    return tmp_path / "cache" / "checks.json"


def checked(file: Path | None, text: str = LOGIC) -> tuple[Logic, int]:
    """Check a logic as a new process does; return it with the number of checks that were made."""
    memory = Memory(file)
    logic = memory.of(check_logic)("logic.sql", text, ["days"], "stage")
    memory.keep()
    return logic, memory.made


def test_a_check_is_made_once_for_the_same_content(file: Path) -> None:
    plain = check_logic("logic.sql", LOGIC, ["days"], "stage")

    assert checked(file) == (plain, 1)
    assert checked(file) == (plain, 0)
    assert checked(file, LOGIC + "-- more\n")[1] == 1
    # The first is remembered still.
    assert checked(file) == (plain, 0)


def test_other_parameters_are_another_check(file: Path) -> None:
    checked(file)
    with pytest.raises(PolicyError, match="'weeks' is not used"):
        Memory(file).of(check_logic)("logic.sql", LOGIC, ["days", "weeks"], "stage")


def test_an_error_is_not_remembered_and_names_its_source(file: Path) -> None:
    memory = Memory(file)
    for source in ("one.sql", "two.sql"):
        with pytest.raises(PolicyError, match=source):
            memory.of(check_logic)(source, "SELECT 1", ["days"], "stage")
    memory.keep()
    assert not file.exists()


CORRUPTED = {
    "empty": lambda whole: b"",
    "cut off": lambda whole: whole[: len(whole) // 2],
    "a letter changed": lambda whole: whole.replace(b"unnamed", b"renamed"),
    "other words": lambda whole: b"not a file of ours\n",
    "not UTF-8": lambda whole: b"\xff" + whole,
}


@pytest.mark.parametrize("fault", CORRUPTED)
def test_a_corrupted_file_costs_a_check_and_is_written_anew(file: Path, fault: str) -> None:
    logic, _ = checked(file)
    file.write_bytes(CORRUPTED[fault](file.read_bytes()))

    assert checked(file) == (logic, 1)
    assert checked(file) == (logic, 0)


def test_a_file_that_others_can_write_is_not_believed(file: Path) -> None:
    checked(file)
    file.chmod(0o666)
    assert checked(file)[1] == 1


@pytest.mark.parametrize("way", ["a folder", "below a file", "a circle", "none"])
def test_without_a_file_everything_is_checked(file: Path, way: str) -> None:
    file.parent.mkdir()
    if way == "a folder":
        file.mkdir()
    elif way == "a circle":
        file.symlink_to(file)
    elif way == "below a file":
        file.write_text("precious")
        file = file / "below"
    for _ in range(2):
        assert checked(None if way == "none" else file)[0] == check_logic(
            "logic.sql", LOGIC, ["days"], "stage"
        )
    assert not list(file.parent.glob(".checks-*"))


def test_policies_are_checked_once_and_no_file_is_read_more_than_twice(tmp_path: Path) -> None:
    """What loading costs, in counts: a second process makes no check; only what all share is read twice."""
    root = tmp_path / "mine"
    for number in range(5):
        folder = root / f"p{number}"
        shutil.copytree(SHIPPED[number % len(SHIPPED)], folder)
        policy = folder / "policy.yaml"
        policy.write_text(re.sub(r"(?m)^id: .*$", f"id: /own/copies/p{number}", policy.read_text()))
        logic = folder / "logic.sql"
        logic.write_text(f"-- Copy {number}.\n{logic.read_text()}")

    def load() -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", COUNT, str(root)],
            cwd=ROOT,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        return [int(count) for count in done.stdout.split()]

    every = len(SHIPPED) + 5
    # The logic and the cases of each.
    assert load() == [every, 2 * every, 2]
    assert load() == [every, 0, 2]
