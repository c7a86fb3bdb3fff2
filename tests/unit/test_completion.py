"""Shell completion: it can be shown and installed, and the shells' questions are answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELLS = [
    pytest.param(
        shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    )
    for shell in ("bash", "zsh", "fish")
]
INSTALLED = {
    "bash": ".bash_completions/gateledger.sh",
    "zsh": ".zfunc/_gateledger",
    "fish": ".config/fish/completions/gateledger.fish",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with the command gateledger in ``bin``."""
    command = tmp_path / "bin" / "gateledger"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from gateledger.cli import main\nmain()\n",
        encoding="utf-8",
    )
    command.chmod(0o755)
    return tmp_path


def told(home: Path, *arguments: str, **environment: str) -> str:
    """Run a program with that home and return what it wrote; it has to end well."""
    done = subprocess.run(
        arguments,
        env={**os.environ, "HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}", **environment},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_shown_for_the_shell_in_use(home: Path, shell: str) -> None:
    script = told(home, shell, "-c", "gateledger --show-completion; true")
    assert f"complete_{shell}" in script
    assert "_GATELEDGER_COMPLETE" in script


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_installed_where_the_shell_in_use_looks_for_it(home: Path, shell: str) -> None:
    answer = told(home, shell, "-c", "gateledger --install-completion; true")
    installed = home / INSTALLED[shell]
    assert str(installed) in answer
    assert "_GATELEDGER_COMPLETE" in installed.read_text(encoding="utf-8")
    told(home, shell, "-n", str(installed))


def test_bash_completes_commands_and_options_by_the_installed_script(home: Path) -> None:
    told(home, "bash", "-c", "gateledger --install-completion; true")
    script = (
        f"source '{home / INSTALLED['bash']}'\n"
        "complete -p gateledger\n"
        'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _gateledger_completion gateledger;'
        ' echo "${COMPREPLY[*]}"; }\n'
        "ask gateledger fin\n"
        "ask gateledger policies ''\n"
        "ask gateledger findings --for\n"
        "ask gateledger findings --format ''\n"
    )
    _registered, *answers = told(home, "bash", "--norc", "-c", script).splitlines()
    assert answers == ["findings", "list show test", "--format", "table json csv"]


@pytest.mark.parametrize(
    ("shell", "environment"),
    [
        ("bash", {"COMP_WORDS": "gateledger hist", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "gateledger hist"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "gateledger hist", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_a_shells_question_is_answered_with_the_command(
    home: Path, shell: str, environment: dict[str, str]
) -> None:
    answer = told(home, "gateledger", _GATELEDGER_COMPLETE=f"complete_{shell}", **environment)
    assert "history" in answer
    assert "findings" not in answer
