"""Merge the readings of one scope of an item type into versions, whatever the type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg import sql

from cmdb.items import Absence, ItemType, Scope
from cmdb.runs import scopes
from cmdb.server.database import Cursor
from cmdb.server.staging import stage_rows
from cmdb.snapshot import Item
from cmdb.storage import statements
from cmdb.storage.compare import (
    Compared,
    Differing,
    Key,
    Known,
    Work,
    compare,
    differing,
    group_of,
    to_look_up,
)
from cmdb.storage.copying import FEW_ROWS, copy_encoded, jsonb, payload_rows, run_for_rows, take_ids
from cmdb.storage.digest import Encoded, shortened, token
from cmdb.storage.encoding import form_of, payload_row, values_digest

Keys = Mapping[tuple[int, str], int]
"""Item keys by account-region and AWS id."""


@dataclass(slots=True)
class Merged:
    """What a merge did beside counting."""

    new: dict[tuple[int, str], int] = field(default_factory=dict)
    """Keys of the items that are new, by account-region and AWS id."""
    gone: dict[int, list[int]] = field(default_factory=dict)
    """Keys of the items that went, by account-region."""


class Merge:
    """The merge of one scope of an item type; each account-region's reading is work of its own."""

    def __init__(self, cursor: Cursor, declared: ItemType, scope: Scope, as_of: datetime) -> None:
        self._cursor = cursor
        self._declared = declared
        self._scope = scope
        self._as_of = as_of
        self._form = form_of(declared)

    def run(self, work: Sequence[Work], new_parents: Keys) -> Merged:
        """Merge readings; the parents of their items must have been merged before, ``new_parents`` by the same."""
        found = self._differing(work)
        known = self._known(found)
        compared = Compared()
        merged = Merged()
        for differs in found:
            one = differs.work
            first_gone = len(compared.gone)
            compare(
                compared,
                differs,
                known.get(one.region_id, {}),
                declared=self._declared,
                scope=self._scope,
                form=self._form,
                as_of=self._as_of,
            )
            if gone := compared.gone[first_gone:]:
                merged.gone[one.region_id] = gone
        self._share(compared)
        self._insert(compared, merged, new_parents)
        self._insert_tombstones(compared)
        self._replace(compared)
        self._fill(compared)
        self._close(compared)
        return merged

    def _execute(self, text: str, values: Mapping[str, object]) -> None:
        self._cursor.execute(sql.SQL(text), values)

    def _differing(self, work: Sequence[Work]) -> list[Differing]:
        """Return what has to be compared: nothing of a scope whose digest is the stored one."""
        declared = self._declared
        if declared.absence is Absence.NONE:
            groups = [sorted({group_of(item) for item in one.reading.items}) for one in work]
            return [Differing(one, one.reading.items, of) for one, of in zip(work, groups, strict=True) if of]
        new = [one for one in work if not one.is_unchanged(self._digest(one))]
        if declared.proves_absence:
            # What is absent shows only beside all that is known.
            return [Differing(one, one.reading.items, None) for one in new]
        again = [one.region_id for one in new if not one.is_first]
        stored = scopes.tokens(self._cursor, self._scope.name, again)
        found = [differing(one, stored.get(one.region_id), self._tokens(one)) for one in new]
        return [differs for differs in found if differs is not None]

    def _digest(self, one: Work) -> bytes | None:
        reading = one.reading
        if reading.unread:
            return None
        if self._declared.proves_absence:
            answer = (
                reading.answer.hex()
                if reading.answer is not None
                else sorted(map(_parts, reading.items), key=str)
            )
            return token([answer, sorted(reading.absent)])
        if reading.answers is not None:
            return shortened(reading.answers.whole())
        return None if reading.answer is None else shortened(reading.answer)

    def _tokens(self, one: Work) -> dict[str, bytes] | None:
        """Return a token per group; None: they cannot be told."""
        reading = one.reading
        if self._declared.parent is not None:
            if reading.answers is None:
                return None
            return {name: shortened(digest) for name, digest in reading.answers.by_parent().items()}
        if reading.unread:
            return None
        return {item.key: token(_parts(item)) for item in reading.items}

    def _known(self, found: Sequence[Differing]) -> dict[int, dict[Key, Known]]:
        """Return rows by account-region and key, so many that what is gone is among them."""
        known: dict[int, dict[Key, Known]] = {}
        where, whole = to_look_up(found)
        if where["ids"]:
            self._execute(statements.known(self._declared), where)
            self._fetch(known)
        if self._declared.parent is None:
            for differs in found:
                rows = known.get(differs.work.region_id, {})
                if differs.groups is not None and differs.stale != sum(
                    row.valid_to is None for row in rows.values()
                ):
                    # The stored tokens know of items that the listing lacks: only all rows show which.
                    differs.items, differs.groups = differs.work.reading.items, None
                    whole.append(differs.work.region_id)
        if whole:
            self._execute(
                statements.known_whole(self._declared), {"regions": whole, "kind": self._scope.kind}
            )
            self._fetch(known)
        return known

    def _fetch(self, known: dict[int, dict[Key, Known]]) -> None:
        for region, parent, key, item_id, valid_to, is_proven, held in self._cursor.fetchall():
            digest = held if isinstance(held, bytes) else values_digest(parent, key, held)
            known.setdefault(region, {})[parent, key] = Known(item_id, digest, valid_to, is_proven)

    def _insert(self, compared: Compared, merged: Merged, new_parents: Keys) -> None:
        if not compared.new:
            return
        declared = self._declared
        ids = take_ids(self._cursor, len(compared.new))
        parents: Keys = {}
        if declared.parent is not None:
            parents = self._parent_keys(compared.new, new_parents)
        else:
            merged.new = {
                (region, item.key): key for key, (region, item, _) in zip(ids, compared.new, strict=True)
            }
        rows = [
            (key, region, item, encoded, None if item.parent is None else parents[region, item.parent])
            for key, (region, item, encoded) in zip(ids, compared.new, strict=True)
        ]
        copy_encoded(self._cursor, declared.name, self._form.columns, self._form.rows(rows, self._as_of))
        if declared.has_payload and not declared.shared_payload:
            payloads = (encoded.payload for _, _, encoded in compared.new)
            copy_encoded(
                self._cursor, f"{declared.name}_payload", "item_id, payload", payload_rows(ids, payloads)
            )

    def _share(self, compared: Compared) -> None:
        """Store what versions refer to by its digest, before any refers to it.

        Its table is then locked against retention until this transaction ends, so that what is stored already
        stays too.
        """
        if not self._declared.shared_payload:
            return
        versions = [*compared.new, *compared.changed]
        payloads = {encoded.digest: encoded for _, _, encoded in versions}
        if len(payloads) > FEW_ROWS:
            rows = ((digest, jsonb(encoded.payload)) for digest, encoded in payloads.items())
            stage_rows(self._cursor, statements.SHARED, (("digest", "bytea"), ("payload", "jsonb")), rows)
            self._execute(statements.share(self._declared, is_staged=True), {})
        elif payloads:
            few = (payload_row(payloads[digest]) for digest in sorted(payloads))
            run_for_rows(self._cursor, statements.share(self._declared), few)

    def _parent_keys(self, new: Sequence[tuple[int, Item, Encoded]], made: Keys) -> Keys:
        wanted = {(region, item.parent) for region, item, _ in new if item.parent is not None}
        keys = {pair: made[pair] for pair in wanted if pair in made}
        missing = sorted(wanted - keys.keys())
        if missing:
            values = {"regions": [region for region, _ in missing], "ids": [name for _, name in missing]}
            self._execute(statements.parent_keys(self._declared), values)
            keys.update({(region, name): key for region, name, key in self._cursor.fetchall()})
        return keys

    def _insert_tombstones(self, compared: Compared) -> None:
        """Store what was never seen and is proven absent: it begins and ends at once."""
        if not compared.tombstones:
            return
        self._execute(
            statements.bury(self._declared),
            {
                "regions": [region for region, _ in compared.tombstones],
                "keys": [key for _, key in compared.tombstones],
                "kind": self._scope.kind,
                "as_of": self._as_of,
            },
        )

    def _replace(self, compared: Compared) -> None:
        if compared.changed:
            versions = take_ids(self._cursor, len(compared.changed))
            rows = (
                self._form.changed_row(item_id, version, item, encoded)
                for version, (item_id, item, encoded) in zip(versions, compared.changed, strict=True)
            )
            run_for_rows(self._cursor, statements.replace(self._declared), rows, as_of=self._as_of)
        if compared.read_again:
            read = ({"item_id": item_id, **self._form.noted(item)} for item_id, item in compared.read_again)
            run_for_rows(self._cursor, statements.read_again(self._declared), read, as_of=self._as_of)

    def _fill(self, compared: Compared) -> None:
        if compared.filled:
            rows = ({"item_id": item_id, **self._form.fills(item)} for item_id, item in compared.filled)
            run_for_rows(self._cursor, statements.fill(self._declared), rows, as_of=self._as_of)

    def _close(self, compared: Compared) -> None:
        declared = self._declared
        if compared.reopened:
            self._execute(statements.reopen(declared), {"keys": compared.reopened})
        for keys, is_proven in ((compared.gone, True), (compared.released, False)):
            if keys:
                values = {"keys": keys, "as_of": self._as_of, "proven": is_proven}
                self._execute(statements.close(declared), values)
        if compared.late:
            for step in (statements.archive_released, statements.prove_absent):
                self._execute(step(declared), {"keys": compared.late, "as_of": self._as_of})


def _parts(item: Item) -> list[object]:
    return [item.key, item.parent, item.payload, dict(item.derived)]


def close_children(
    cursor: Cursor, declared: ItemType, gone: Mapping[int, list[int]], as_of: datetime
) -> dict[int, list[int]]:
    """Close the items of parents that are gone; return their keys by account-region."""
    keys = [key for held in gone.values() for key in held]
    values = {"regions": list(gone), "keys": keys, "as_of": as_of}
    cursor.execute(sql.SQL(statements.close_children(declared)), values)
    return dict(cursor.fetchall())
