"""The migrations that this code brings, read without importing them or Alembic.

Every command checks that the schema is this code's; loading Alembic for that takes longer than the check.
A test compares what is read here with what Alembic itself says.
"""

from __future__ import annotations

import re
from pathlib import Path

from cmdb.errors import DatabaseOutdated

_REVISION = re.compile(r'^revision = "(?P<revision>\w+)"$', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(?P<revision>\w+)"$', re.MULTILINE)


def migrations_folder() -> Path:
    """Return the folder of Alembic's env.py: within the installed package, or beside it in a clone."""
    inside = Path(__file__).parents[1] / "_migrations"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"


def known_revisions() -> frozenset[str]:
    """Return all revisions that this code has a migration for."""
    return frozenset(_revisions())


def head_revision() -> str:
    """Return the revision that this code needs. Raises ``DatabaseOutdated`` when it brings no migrations."""
    revisions = _revisions()
    heads = revisions.keys() - set(revisions.values())
    if len(heads) != 1:
        raise DatabaseOutdated("This installation's migrations are not whole: install gateledger again.")
    return heads.pop()


def revisions_after(revision: str | None) -> tuple[str, ...]:
    """Return the revisions that lead from one (None: no schema yet) to this code's, in their order."""
    before = _revisions()
    found: list[str] = []
    at: str | None = head_revision()
    while at is not None and at != revision:
        found.append(at)
        at = before[at]
    return tuple(reversed(found))


def _revisions() -> dict[str, str | None]:
    """Return each revision with the one before it."""
    found = {}
    for file in (migrations_folder() / "versions").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        revision, before = _REVISION.search(text), _BEFORE.search(text)
        if revision is not None:
            found[revision["revision"]] = before["revision"] if before is not None else None
    return found
