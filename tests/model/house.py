"""A database in which lives of items of any type are lived, and what it shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Engine

from cmdb.items import ItemType, item_type
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from cmdb.snapshot import AccountReading, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from evaluator.catalog.offered import columns_of
from evaluator.judging.backfill import backfill
from evaluator.judging.engine import evaluate
from evaluator.judging.relations import relations_as_of, relations_now
from tests.model.declared import ACCOUNT, REGIONS, Night, Place, World, snapshot
from tests.model.ledger import Ledger, State, Where, shown
from tests.model.questions import MAX_STALENESS, Question, Records
from tests.support.questions import ask

BEGINNING = datetime(2026, 1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Life:
    """The types of a life, its nights, and the policy that it is judged by."""

    types: Sequence[str]
    nights: Sequence[Night]
    question: Question

    @property
    def is_strict(self) -> bool:
        """Whether no night comes twice: otherwise a version may go on in two pieces."""
        return all(night.pause for night in self.nights)


class House:
    """A database, with the tables and views of gadgets, in which one life after the other is lived."""

    lived: ClassVar[int] = 0
    nights: ClassVar[int] = 0

    def __init__(self, engine: Engine, tables: str, folder: Path) -> None:
        """Take a database, the names of its tables, and a folder for policies."""
        self.engine = engine
        self._tables = tables
        self._folder = folder

    def live(self, life: Life) -> Ledger:
        """Live through a life, judge every night, and compare the relations of each as it is."""
        with transaction(self.engine) as connection:
            connection.execute(f"TRUNCATE {self._tables}".encode())
        world, ledger, now = World(life.types), Ledger(), BEGINNING
        policy = life.question.policy(self._folder)
        for night in life.nights:
            House.nights += 1
            now += night.pause
            for change in night.changes:
                world.apply(change)
            run = runs.start(self.engine, RunKind.RUN, now)
            ledger.begin(now)
            self._collect(run, world, night, ledger)
            ledger.end(now)
            evaluate(self.engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
            runs.finish(self.engine, run, RunStatus.COMPLETE, RunTotals())
            for name in life.types:
                self.compare(name, now, ledger.state, is_strict=life.is_strict, past=False)
        House.lived += 1
        return ledger

    def _collect(self, run: Run, world: World, night: Night, ledger: Ledger) -> None:
        inventory = PostgresInventory(self.engine, run.as_of)
        inventory.store_account(AccountReading(ACCOUNT, "one", ScopeStatus.COMPLETE, regions=REGIONS))
        found = {region: world.read(night, region) for region in REGIONS}
        inventory.store_many([snapshot(region, seen, night) for region, seen in found.items()])
        for region, seen in found.items():
            ledger.learn(run.as_of, region, seen)
        runs.finish_collection(self.engine, run)

    def compare(self, name: str, as_of: datetime, state: State, *, is_strict: bool, past: bool) -> None:
        """Compare a relation, all columns of all items, as it is or was, with the model's."""
        declared = item_type(name)
        columns = [column for column, _ in columns_of(declared)]
        made = (relations_as_of if past else relations_now)({name: frozenset(columns)})
        key, above, join = _named(declared, "t")
        rows = ask(
            self.engine,
            f"WITH {made} SELECT ar.region AS its_region, {above} AS its_parent, {key} AS its_key, t.* "
            f"FROM {name} AS t JOIN cmdb.account_region AS ar USING (account_region_id) {join}",
            {"as_of": as_of, "max_staleness": MAX_STALENESS},
        )
        told = {(row["its_region"], Place(name, row["its_parent"], row["its_key"])): row for row in rows}
        due = shown(state, declared)
        assert len(rows) == len(told), "an item is there twice"
        assert told.keys() == due.keys(), f"{name} as of {as_of}"
        left_out = set() if is_strict else {one.name for one in declared.fields if one.volatile} | {"payload"}
        for where, row in due.items():
            for column, value in row.items():
                if column not in left_out:
                    was = _comparable(told[where][column])
                    assert was == _comparable(value), f"{where}.{column} as of {as_of}, past: {past}"

    def versions(self, declared: ItemType) -> dict[Where, list[tuple[datetime, datetime | None]]]:
        """Return the versions of all items of a type, as intervals."""
        key, above, join = _named(declared, "i")
        rows = ask(
            self.engine,
            f"SELECT ar.region, {above} AS parent, {key} AS key, v.valid_from, v.valid_to FROM ("
            f"SELECT item_id, valid_from, valid_to FROM cmdb.{declared.name}_closed UNION ALL "
            f"SELECT item_id, valid_from, valid_to FROM cmdb.{declared.name}) AS v "
            f"JOIN cmdb.{declared.name} AS i USING (item_id) "
            f"JOIN cmdb.account_region AS ar USING (account_region_id) {join} ORDER BY v.valid_from",
        )
        found: dict[Where, list[tuple[datetime, datetime | None]]] = {}
        for row in rows:
            where = row["region"], Place(declared.name, row["parent"], row["key"])
            found.setdefault(where, []).append((row["valid_from"], row["valid_to"]))
        return found

    def records(self, question: Question) -> Records:
        """Return the compliance records of all items."""
        declared = item_type(question.item)
        key, above, join = _named(declared, "i")
        rows = ask(
            self.engine,
            f"SELECT h.region, {above} AS parent, {key} AS key, h.condition, h.valid_from, h.valid_to "
            f"FROM report.finding_history AS h JOIN cmdb.{declared.name} AS i USING (item_id) {join} "
            "ORDER BY h.valid_from",
        )
        found: Records = {}
        for row in rows:
            where = row["region"], Place(declared.name, row["parent"], row["key"])
            found.setdefault(where, []).append((row["condition"], row["valid_from"], row["valid_to"]))
        return found

    def judge_again(self, question: Question, as_of: datetime, how: str) -> None:
        """Judge in full, or all past nights at once (``sweep``) or in turn."""
        policy = question.policy(self._folder)
        run = runs.start(self.engine, RunKind.EVALUATE, as_of)
        told: dict[str, Any] = {"max_staleness": MAX_STALENESS, "parameters": {}}
        if how == "full":
            evaluate(self.engine, policy, run, full=True, **told)
        else:
            backfill(self.engine, policy, run, sweeping=how == "sweep", **told)
        runs.finish(self.engine, run, RunStatus.COMPLETE, RunTotals())


def _named(declared: ItemType, row: str) -> tuple[str, str, str]:
    """Return the expressions of an item's key and its parent's, and the join that finds the parent."""
    key = "''" if declared.key is None else f"{row}.{declared.key.name}"
    if declared.parent is None:
        return key, "NULL", ""
    above = item_type(declared.parent).key
    assert above is not None
    return key, f"p.{above.name}", f"JOIN cmdb.{declared.parent} AS p ON p.item_id = {row}.parent_id"


def _comparable(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) or type(value) is int else value
