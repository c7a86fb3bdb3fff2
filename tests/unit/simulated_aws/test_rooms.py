"""The rooms of the simulated AWS: each imports those below it, and no two modules import each other."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "simulated_aws"
#: What each room may import of the package besides itself; modules of the top floor may import all.
BELOW = {
    "estate": {"regions"},
    "services": {"estate", "regions", "credentials"},
    "http": {"services", "faults"},
    "scenarios": {"estate", "regions", "faults"},
}
MOST_FILES = 13


def modules() -> dict[str, Path]:
    """Return all modules by name, packages under their own."""
    named = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


def imports(file: Path, known: set[str]) -> set[str]:
    """Return the modules of the package that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in names} & known
    return found


def test_no_modules_import_each_other() -> None:
    named = modules()

    order = list(TopologicalSorter({n: imports(f, set(named)) for n, f in named.items()}).static_order())

    assert set(order) == set(named)


def test_a_room_imports_only_rooms_below_it() -> None:
    named = modules()
    breaches = [
        (name, other)
        for name, file in named.items()
        for other in imports(file, set(named))
        if (room := name.split(".")[1:2]) and room[0] in BELOW
        if other.split(".")[1] not in BELOW[room[0]] | {room[0]}
    ]

    assert breaches == []


def test_a_room_has_a_dozen_files_or_so() -> None:
    rooms = [PACKAGE, *(PACKAGE / name for name in BELOW)]

    files = {room.name: [each for each in room.glob("*.py") if each.stem != "__init__"] for room in rooms}
    assert [name for name, held in files.items() if len(held) > MOST_FILES] == []
