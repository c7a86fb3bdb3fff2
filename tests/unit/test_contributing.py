"""CONTRIBUTING.md names files and rooms that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: What stands for a name in it, and one that there is.
EXAMPLES = {
    "cmdb/items/TYPE.py": "cmdb/items/stage.py",
    "cmdb/views/NAME.sql": "cmdb/views/finding.sql",
    "gateledger/exports/FORMAT.py": "gateledger/exports/asff.py",
    "gateledger/cli/commands/NAME.py": "gateledger/cli/commands/items.py",
    "gateledger/queries/NAME.py": "gateledger/queries/items.py",
    "collectors/TYPE.py": "collectors/acm.py",
    "migrations/versions/NNNN_TYPE.sql": "migrations/versions/0010_items.sql",
}
POLICY = "evaluator/policies/aws/apigateway/rest-api-stage-ssl-certificate"


def named() -> list[str]:
    found = re.findall(r"`((?:[\w.]+/)+[\w.-]*)`", TEXT)
    return [
        EXAMPLES.get(name, name.replace("evaluator/policies/aws/apigateway/NAME", POLICY)) for name in found
    ]


@pytest.mark.parametrize("name", named())
def test_what_it_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_every_room_of_the_packages_is_in_its_table() -> None:
    rooms = {
        f"`{folder.relative_to(ROOT).as_posix()}/`"
        for package in ("cmdb", "evaluator", "gateledger")
        for folder in (ROOT / package).iterdir()
        if folder.is_dir() and any(folder.glob("*.py"))
    }
    missing = {room for room in rooms if room not in TEXT}
    assert missing <= {"`gateledger/demo/`", "`gateledger/workers/`", "`gateledger/database/`"}
