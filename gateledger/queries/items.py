"""What the ``items`` commands show, and the page ``docs/items.md``: item types as they are declared.

``python -m gateledger.queries.items > docs/items.md`` writes the page; a test keeps it true.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from cmdb.errors import GateledgerError
from cmdb.items import Absence, DeclarationError, Field, ItemType, item_type, item_types
from gateledger.terminal.console import Column, Format, emit, emit_object, say

_LIST_KEYS = (
    "item_type",
    "title",
    "resource_type",
    "parent",
    "scopes",
    "collected",
    "calls",
    "fields",
    "stored",
    "arn",
)
_LIST_TABLE = (
    Column("item_type", "type"),
    Column("parent", "belongs to"),
    Column("fields", "fields", right=True),
    Column("stored", "stored", right=True),
    Column("resource_type", "resource type"),
    Column("calls", "calls"),
)
_LIST_NARROW = (
    Column("item_type", "type / calls", lines=(("item_type",), ("calls",))),
    Column("fields", "fields", right=True),
)
_FIELD_KEYS = ("field", "type", "path", "stored", "meaning", "null", "since")
_FIELD_TABLE = (
    Column("field", "field"),
    Column("type", "type"),
    Column("stored", "stored"),
    Column("path", "in AWS's answer"),
    Column("meaning", "meaning"),
)
_FIELD_NARROW = (
    Column("field", "field / meaning", lines=(("field",), ("meaning",))),
    Column("type", "type"),
)
_ABSENCE = {
    Absence.GONE: "An item that a complete reading lacks has disappeared.",
    Absence.PROOF: "An item that a reading lacks has disappeared if its scope lists all items or a look at it "
    "proves that it does not exist; otherwise nobody follows it any longer.",
    Absence.NONE: "A reading holds only some of the items; the others stay as they are and end with what they "
    "belong to.",
}

PAGE = """\
# Item types

Made by `python -m gateledger.queries.items > docs/items.md` from the declarations in `cmdb/items`; a test keeps
it true. `gateledger items show TYPE` shows the same on a terminal, `--sql` the SQL that follows from it.

Policies read each type as a relation of its name. Beside the fields, a relation has `item_id` (key of the
item), `version_id`, `account_region_id`, `parent_id` where the type belongs to another one, `disappeared_at` or
`absent_since` (when it was found gone), `read_at` and `is_fresh` (when it was last looked for, and whether that
is recent enough), and `payload` (AWS's answer as it is kept). A field that is not stored is read from the
payload of whatever version is requested, so that its whole history is there.
"""


class ItemTypeUnknown(GateledgerError):
    """There is no such item type; `gateledger items list` shows those that there are."""


def list_items(form: Format) -> None:
    """List all item types on stdout."""
    emit(
        [_as_row(declared) for declared in item_types()],
        form,
        keys=_LIST_KEYS,
        table=_LIST_TABLE,
        narrow=_LIST_NARROW,
    )


def show_item(name: str, form: Format) -> None:
    """Show one item type whole; CSV lists its fields. Raises ``ItemTypeUnknown``."""
    declared = _find(name)
    fields = [_field_row(declared, field) for field in declared.all_fields]
    if form is Format.JSON:
        emit_object({**_as_row(declared), "absence": _ABSENCE[declared.absence], "fields": fields})
        return
    if form is Format.TABLE:
        say(f"{declared.name}: {declared.title}, {declared.resource_type}")
        for line in _facts(declared):
            say(line)
        say("")
    emit(fields, form, keys=_FIELD_KEYS, table=_FIELD_TABLE, narrow=_FIELD_NARROW)


def print_sql(name: str) -> None:
    """Print the SQL that follows from a declaration. Raises ``ItemTypeUnknown``."""
    for title, text in statements(_find(name)):
        sys.stdout.write(f"-- {title}\n{text.rstrip().rstrip(';')};\n\n")


def statements(declared: ItemType) -> Iterator[tuple[str, str]]:
    """Yield the statements that follow from a declaration, each with what it is for."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    from cmdb.server.reporting import written_views
    from cmdb.storage.retention import dead, drop_unreferenced, lock_payloads, old_versions, unreferenced
    from cmdb.storage.statements import merge_statements
    from cmdb.tables.inventory import tables
    from cmdb.views.generated import item_view
    from evaluator.catalog.offered import columns_of
    from evaluator.judging.relations import relations_as_of, relations_now

    own = tables[declared.name]
    for table in (own.latest, own.payload, own.closed):
        if table is None:
            continue
        yield "table", str(CreateTable(table).compile(dialect=postgresql.dialect())).strip()  # type: ignore[no-untyped-call]
    for use, text in merge_statements(declared).items():
        yield f"merge: {use}", text
    everything = {declared.name: frozenset(name for name, _ in columns_of(declared))}
    yield "relation now", f"WITH {relations_now(everything)}\nSELECT count(*) FROM {declared.name}"
    yield "relation as of a time", f"WITH {relations_as_of(everything)}\nSELECT count(*) FROM {declared.name}"
    if declared.name not in written_views():
        yield "view", item_view(declared)
    yield "retention: versions", old_versions(declared)
    if declared.shared_payload:
        for made in (unreferenced, lock_payloads, drop_unreferenced):
            yield "retention: payloads", made(declared)
    if declared.absence is not Absence.NONE:
        yield "retention: items", dead(declared)


def page() -> str:
    """Return the reference of item types as Markdown."""
    parts = [PAGE]
    for declared in item_types():
        parts.append(f"## {declared.name}\n")
        parts.append(f"{declared.title[0].upper()}{declared.title[1:]}, `{declared.resource_type}`.\n")
        parts += [f"- {line}" for line in _facts(declared)]
        parts.append("\n| field | type | in AWS's answer | meaning | null |\n| --- | --- | --- | --- | --- |")
        for field in declared.all_fields:
            row = _field_row(declared, field)
            stored = " (stored)" if row["stored"] else ""
            cells = (
                f"`{row['field']}`{stored}",
                f"`{row['type']}`",
                f"`{row['path']}`",
                row["meaning"],
                row["null"],
            )
            parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("")
    return "\n".join(parts)


def _find(name: str) -> ItemType:
    try:
        return item_type(name)
    except DeclarationError as error:
        raise ItemTypeUnknown(str(error)) from None


def _as_row(declared: ItemType) -> dict[str, Any]:
    fields = list(declared.all_fields)
    return {
        "item_type": declared.name,
        "title": declared.title,
        "resource_type": declared.resource_type,
        "parent": declared.parent,
        "scopes": [scope.name for scope in declared.scopes],
        "collected": declared.collected,
        "calls": [call for scope in declared.scopes for call in scope.calls if declared.collected],
        "fields": len(fields),
        "stored": len(declared.stored) + (declared.key is not None),
        "arn": declared.arn,
    }


def _facts(declared: ItemType) -> Iterator[str]:
    yield f"ARN: {declared.arn}"
    if not declared.collected:
        yield "Not collected any more: what was read of it stays in the history, and nothing is added."
    for scope in declared.scopes if declared.collected else ():
        yield f"Scope {scope.name}: {', '.join(scope.calls)}"
    if declared.parent is not None:
        yield f"Belongs to: {declared.parent}"
    for reference in declared.references:
        yield f"{reference.field} refers to {reference.item_type}: {reference.meaning}"
    yield _ABSENCE[declared.absence]
    if declared.shared_payload:
        yield "Equal payloads are stored once, whichever items have them."


def _field_row(declared: ItemType, field: Field) -> dict[str, Any]:
    return {
        "field": field.name,
        "type": str(field.kind),
        "path": field.path,
        "stored": field.stored or field is declared.key,
        "meaning": field.meaning,
        "null": field.null,
        "since": field.since,
    }


if __name__ == "__main__":
    sys.stdout.write(page())
