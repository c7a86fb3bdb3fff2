"""Conditions that all policies of an item type share: gone, not read recently enough, unexpected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from cmdb.items import ItemType
from evaluator.catalog.files import load_yaml
from evaluator.catalog.offered import has_freshness

STALE: Final = "inventory_stale"
UNEXPECTED: Final = "unexpected"
#: What a policy's CASE ends with when it has no ELSE of its own.
DEFAULT: Final = UNEXPECTED


@dataclass(frozen=True, slots=True)
class SharedCondition:
    """A shared condition: its status, its texts, and the SQL that asks for it over the judged relation.

    ``asks`` is a template over ``{item}``, the relation's name in the policy; None: it is the ELSE.
    """

    name: str
    status: str
    message: str
    remediation: str | None
    asks: str | None


@cache
def _texts() -> dict[str, Any]:
    file = Path(str(resources.files("evaluator.catalog"))) / "shared_conditions.yaml"
    loaded: dict[str, Any] = load_yaml(file)
    return loaded


def disappeared(declared: ItemType) -> str:
    """Return the name of the condition that an item is gone."""
    return f"{declared.name}_disappeared"


def shared_conditions(declared: ItemType) -> tuple[SharedCondition, ...]:
    """Return an item type's shared conditions, in the order in which they are asked."""
    texts = _texts().get(declared.name) or _texts()["default"]

    def made(name: str, status: str, which: str, asks: str | None) -> SharedCondition:
        words = {key: text.replace("{title}", declared.title) for key, text in texts[which].items()}
        return SharedCondition(name, status, words["message"], words.get("remediation"), asks)

    gone = f"{{item}}.{declared.gone_column} IS NOT NULL"
    found = [made(disappeared(declared), "DISAPPEARED", "disappeared", gone)]
    if has_freshness(declared):
        found.append(made(STALE, "UNDETERMINED", "stale", "NOT {item}.is_fresh"))
    found.append(made(UNEXPECTED, "UNDETERMINED", "unexpected", None))
    return tuple(found)
