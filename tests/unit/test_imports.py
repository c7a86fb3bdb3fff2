"""The packages' rules: data flows one way, one package talks to AWS, one owns the database."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("cmdb", "collectors", "evaluator", "gateledger", "simulated_aws")
AWS = {"boto3", "botocore", "s3transfer"}
#: What a package may import of ours; an exact module, or a package with all that is in it.
ALLOWED = {
    "cmdb": {"cmdb"},
    "collectors": {"collectors", "cmdb.snapshot", "cmdb.errors", "cmdb.masking"},
    "evaluator": {"evaluator", "cmdb"},
    "gateledger": set(OURS),
    "simulated_aws": {"simulated_aws"},
}
HEAVY = (
    "boto3",
    "botocore",
    "sqlalchemy",
    "psycopg",
    "pydantic",
    "alembic",
    "sqlglot",
    "cryptography",
)


def sources(package: str) -> list[Path]:
    """Return the package's source files."""
    return sorted((ROOT / package).rglob("*.py"))


def imported_by(file: Path, text: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield the line and full name of every module that a file imports, at whatever depth."""
    tree = ast.parse(file.read_text(encoding="utf-8") if text is None else text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parents = file.relative_to(ROOT).with_suffix("").parts[: -node.level]
                module = ".".join((*parents, module)).rstrip(".")
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            name = node.args[0] if node.args else None
            yield node.lineno, name.value if isinstance(name, ast.Constant) else "<computed>"


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def breaches(package: str, file: Path, text: str | None = None) -> list[str]:
    """Return what a file imports against the rules."""
    found = []
    for line, name in imported_by(file, text):
        top = name.split(".", 1)[0]
        allowed = any(name == rule or name.startswith(rule + ".") for rule in ALLOWED[package])
        if name == "<computed>" or (top in OURS and not allowed) or (top in AWS and package != "collectors"):
            found.append(f"{file.relative_to(ROOT)}:{line} imports {name}")
    return found


@pytest.mark.parametrize("package", OURS)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    files = sources(package)
    assert files
    assert [breach for file in files for breach in breaches(package, file)] == []


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("cmdb", "import evaluator"),
        ("cmdb", "from gateledger import settings"),
        ("collectors", "from cmdb import database"),
        ("collectors", "from cmdb.storage.merge import merge"),
        ("evaluator", "def f():\n    import boto3"),
        ("evaluator", "from collectors.run import collect"),
        ("gateledger", "from botocore.exceptions import ClientError"),
        ("cmdb", "import importlib\nimportlib.import_module('gateledger.cli')"),
        ("evaluator", "import importlib\nimportlib.import_module(name)"),
        ("cmdb", "from ..gateledger import cli"),
    ],
)
def test_a_breach_of_the_rules_is_found(package: str, line: str) -> None:
    assert len(breaches(package, ROOT / package / "example.py", line)) == 1


def test_what_the_rules_allow_is_not_a_breach() -> None:
    allowed = "from cmdb.snapshot import Stage\nfrom cmdb.errors import GateledgerError\nimport boto3\n"
    assert breaches("collectors", ROOT / "collectors" / "example.py", allowed) == []


def room_of(name: str) -> str:
    """Return the room that a module of ours lies in: its directory, or the module itself beside the rooms."""
    parts = name.split(".")[:2]
    return ".".join(parts)


@pytest.mark.parametrize("package", OURS)
def test_no_rooms_of_a_package_import_each_other(package: str) -> None:
    uses: dict[str, set[str]] = {}
    for file in sources(package):
        own = room_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for _, name in imported_by(file):
            other = room_of(name)
            # what the package itself gives away comes from one of its rooms
            is_room = (ROOT / other.replace(".", "/")).is_dir() or (
                ROOT / f"{other.replace('.', '/')}.py"
            ).is_file()
            if name.startswith(f"{package}.") and other != own and is_room:
                uses.setdefault(own, set()).add(other)
    TopologicalSorter(uses).prepare()


def test_help_loads_nothing_heavy() -> None:
    """Given a fresh interpreter, when the command line is imported, then no slow library comes along."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, gateledger.cli.entry; print(' '.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "gateledger.cli.commands.run" in told
    assert [name for name in HEAVY if name in told] == []
