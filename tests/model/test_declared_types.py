"""Items of any declared type live beside dicts of them: versions, relations and verdicts of every night agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from sqlalchemy import Engine, MetaData

from cmdb.items import Absence, ItemType, item_type, item_types, known_as
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import open_engine, transaction
from cmdb.server.reporting import create_views
from cmdb.server.roles import policy_grants
from cmdb.snapshot import AccountReading, ScopeStatus
from cmdb.storage.inventory import PostgresInventory
from cmdb.tables.base import metadata
from cmdb.tables.inventory import item_tables
from evaluator.catalog.loading import load_policy
from evaluator.catalog.offered import columns_of
from evaluator.catalog.policy import Policy
from evaluator.judging.backfill import backfill
from evaluator.judging.engine import evaluate
from evaluator.judging.relations import relations_as_of, relations_now
from tests.model.declared import ACCOUNT, GADGET, REGIONS, Change, Night, Place, Trouble, World, snapshot
from tests.model.ledger import Ledger, State, Where, shown
from tests.support.checks import breaches
from tests.support.doses import dose
from tests.support.questions import ask
from tests.support.servers import EMBEDDED, Servers

BEGINNING = datetime(2026, 1, 1, 2, tzinfo=UTC)
MAX_STALENESS = timedelta(hours=72)
#: Types that a life can have beside their parents; those of items that belong to others are drawn more often.
CHOICE = [
    *(one.name for one in item_types() if one.collected for _ in range(3 if one.parent else 1)),
    *[GADGET.name] * 4,
]

POLICY = """\
id: /tests/declared/{name}
name: Fields are given
contextual_name: Fields are not given
type: COMPLIANCE_POLICY
categories: [COST]
severity: low
resource_type: {resource_type}
conditions:
  first_missing: {{status: INCOMPLIANT, message: The first is missing., remediation: Give it.}}
  second_missing: {{status: INAPPLICABLE, message: The second is missing.}}
  all_given: {{status: COMPLIANT, message: All is given.}}
"""
LOGIC = """\
-- Are these fields given?
SELECT
    CASE
        WHEN {other}.{second} IS NULL THEN 'second_missing'
        WHEN {item}.{first} IS NULL THEN 'first_missing'
        WHEN {item}.item_id IS NOT NULL THEN 'all_given'
    END AS condition
FROM {item}{join}
"""
STATUS = {
    "first_missing": "INCOMPLIANT",
    "second_missing": "INAPPLICABLE",
    "all_given": "COMPLIANT",
    "inventory_stale": "UNDETERMINED",
}


@dataclass(frozen=True)
class Question:
    """A simple policy: is a field of an item given, and another one of it or of what it is joined with?

    ``joined``: its ``parent``, or what a field of it names; empty: nothing.
    """

    item: str
    first: str
    second: str
    joined: str

    @property
    def other(self) -> str:
        """The item type that the second field is of."""
        declared = item_type(self.item)
        if self.joined == "parent":
            assert declared.parent is not None
            return declared.parent
        named = [reference.item_type for reference in declared.references if reference.field == self.joined]
        return named[0] if named else self.item

    def _join(self) -> str:
        item, other = self.item, self.other
        if not self.joined:
            return ""
        if self.joined == "parent":
            return f"\nLEFT JOIN {other} ON {other}.item_id = {item}.parent_id"
        key = item_type(other).key
        assert key is not None
        within = "parent_id" if self._is_to_parent else "account_region_id"
        return (
            f"\nLEFT JOIN {other}\n    ON {other}.{within} = {item}.{within} "
            f"AND {other}.{key.name} = {item}.{self.joined}"
        )

    @property
    def _is_to_parent(self) -> bool:
        return any(one.to_parent for one in item_type(self.item).references if one.field == self.joined)

    def policy(self, folder: Path) -> Policy:
        """Return it as a policy."""
        declared = item_type(self.item)
        name = f"{self.item}-{self.first}-{self.second}-{self.joined or 'alone'}".replace("_", "-")
        logic = LOGIC.format(
            item=self.item, first=self.first, other=self.other, second=self.second, join=self._join()
        )
        made = folder / name
        if not made.exists():
            made.mkdir()
            texts = {
                "policy.yaml": POLICY.format(name=name, resource_type=declared.resource_type),
                "logic.sql": logic,
                "cases.yaml": self._cases(),
                "description.md": "Fields.\n",
                "remediation.md": "Give them.\n",
            }
            for file, text in texts.items():
                (made / file).write_text(text, encoding="utf-8")
        return load_policy(made, {})

    def _cases(self) -> str:
        """Return a case for each condition, which are not run here."""
        conditions = {**STATUS, f"{self.item}_disappeared": "DISAPPEARED"}
        cases = [
            {"name": name, self.item: {}, "status": status, "condition": name}
            for name, status in conditions.items()
        ]
        return json.dumps({"as_of": "2026-11-01T02:00:00Z", "cases": cases})

    def verdicts(self, state: State, as_of: datetime) -> dict[Where, str]:
        """Return what it says of every item after a night."""
        declared = item_type(self.item)
        found = {}
        for (region, place), row in shown(state, declared).items():
            other = self._other(state, region, place, row)
            read_at = row["read_at"]
            if row["disappeared_at"] is not None:
                found[region, place] = f"{self.item}_disappeared"
            elif read_at is None or as_of - read_at > MAX_STALENESS:
                found[region, place] = "inventory_stale"
            elif other.get(self.second) is None:
                found[region, place] = "second_missing"
            else:
                found[region, place] = "first_missing" if row[self.first] is None else "all_given"
        return found

    def _other(self, state: State, region: str, place: Place, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the item is joined with, as policies see it."""
        if not self.joined:
            return row
        if self.joined == "parent":
            assert place.parent is not None
            named = Place(self.other, None, place.parent)
        elif row[self.joined] is None:
            return {}
        else:
            named = Place(self.other, place.parent if self._is_to_parent else None, row[self.joined])
        return shown(state, item_type(self.other)).get((region, named), {})


def _nullable(declared: ItemType) -> list[str]:
    return [one.name for one in declared.fields if not one.noted and one.null != "Never."]


@st.composite
def questions(draw: st.DrawFn, name: str) -> Question:
    """Draw a policy over a type."""
    declared = item_type(name)
    first = draw(st.sampled_from(_nullable(declared) or [_any(declared)]))
    ways = ["", *(["parent"] if declared.parent else []), *(one.field for one in declared.references)]
    joined = draw(st.sampled_from(ways[-2:]))
    other = item_type(Question(name, first, first, joined).other)
    return Question(name, first, draw(st.sampled_from(_nullable(other) or [_any(other)])), joined)


def _any(declared: ItemType) -> str:
    return declared.fields[0].name


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


_changes = st.builds(
    Change,
    st.sampled_from([0, 0, 0, 1]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 2, 3]),
    st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
)
_troubles = st.builds(
    Trouble,
    st.sampled_from([0, 0, 0, 1]),
    st.integers(0, 3),
    st.sampled_from(["failed", "left out", "part"]),
    st.integers(0, 3),
)
_strict_pauses = st.sampled_from([24, 24, 24, 1, 80])


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a life of one or two types and of their parents; gadgets are known then."""
    number = draw(st.sampled_from([1, 1, 1, 2]))
    chosen = draw(st.lists(st.sampled_from(CHOICE), min_size=number, max_size=number, unique=True))
    judged = [name for name in chosen if item_type(name).absence is Absence.GONE]
    question = draw(questions(draw(st.sampled_from(judged or ["rest_api"]))))
    whole = {*chosen, question.other}
    whole |= {parent for name in whole if (parent := item_type(name).parent) is not None}
    types = [one.name for one in item_types() if one.name in whole]
    pauses = draw(st.sampled_from([_strict_pauses] * 3 + [st.sampled_from([24, 0, 1])]))
    night = st.builds(
        Night,
        pauses.map(lambda hours: timedelta(hours=hours)),
        st.lists(_changes, min_size=1, max_size=8),
        st.lists(_troubles, max_size=3),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )
    first = Night(timedelta(hours=1), draw(st.lists(_changes, min_size=6, max_size=16)))
    return Life(types, [first, *draw(st.lists(night, min_size=5, max_size=9))], question)


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
        parent = declared.parent
        key = "NULL" if parent is None else f"p.{item_type(parent).key.name}"  # type: ignore[union-attr]
        join = "" if parent is None else f"JOIN cmdb.{parent} AS p ON p.item_id = t.parent_id"
        rows = ask(
            self.engine,
            f"WITH {made} SELECT ar.region AS its_region, {key} AS its_parent, t.* FROM {name} AS t "
            f"JOIN cmdb.account_region AS ar USING (account_region_id) {join}",
            {"as_of": as_of, "max_staleness": MAX_STALENESS},
        )
        told = {}
        for row in rows:
            own = "" if declared.key is None else row[declared.key.name]
            told[row["its_region"], Place(name, row["its_parent"], own)] = row
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
        key = "''" if declared.key is None else f"i.{declared.key.name}"
        parent = declared.parent
        above = "NULL" if parent is None else f"p.{item_type(parent).key.name}"  # type: ignore[union-attr]
        join = "" if parent is None else f"JOIN cmdb.{parent} AS p ON p.item_id = i.parent_id"
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

    def records(self, question: Question) -> dict[Where, list[tuple[str, datetime, datetime | None]]]:
        """Return the compliance records of all items."""
        declared = item_type(question.item)
        key = "''" if declared.key is None else f"i.{declared.key.name}"
        parent = declared.parent
        above = "NULL" if parent is None else f"p.{item_type(parent).key.name}"  # type: ignore[union-attr]
        join = "" if parent is None else f"JOIN cmdb.{parent} AS p ON p.item_id = i.parent_id"
        rows = ask(
            self.engine,
            f"SELECT h.region, {above} AS parent, {key} AS key, h.condition, h.valid_from, h.valid_to "
            f"FROM report.finding_history AS h JOIN cmdb.{declared.name} AS i USING (item_id) {join} "
            "ORDER BY h.valid_from",
        )
        found: dict[Where, list[tuple[str, datetime, datetime | None]]] = {}
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


def _comparable(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) or type(value) is int else value


def expected_records(
    ledger: Ledger, question: Question
) -> dict[Where, list[tuple[str, datetime, datetime | None]]]:
    """Return what judging every night gives."""
    found: dict[Where, list[Any]] = {}
    for as_of, state in sorted(ledger.states.items()):
        for where, condition in question.verdicts(state, as_of).items():
            held = found.setdefault(where, [])
            if held and held[-1][0] == condition:
                continue
            if held:
                held[-1] = (*held[-1][:2], as_of)
            held.append((condition, as_of, None))
    return found


@pytest.fixture(scope="module")
def house(postgres_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = postgres_servers.get(EMBEDDED)
    with server.database(migrated=True) as url:
        engine = open_engine(url)
        with known_as(GADGET):
            tables = MetaData(naming_convention=metadata.naming_convention)
            item_tables(GADGET, tables)
            with engine.begin() as connection:
                tables.create_all(connection)
                create_views(connection)
            with transaction(engine) as connection:
                connection.execute(policy_grants().encode())
            names = [str(table) for table in (*metadata.sorted_tables, *tables.sorted_tables)]
            yield House(engine, ", ".join(names), tmp_path_factory.mktemp("policies"))
        engine.dispose()
    print(f"\n{House.lived} lives, {House.nights} nights")


@dose(2)
@given(life=lives())
def test_versions_relations_and_verdicts_of_any_type_equal_the_model(house: House, life: Life) -> None:
    """Given any life of items of any types, then each night's relations, fields and all, versions and verdicts are
    those of plain dicts, tonight and as of every past time, however they are judged."""
    note(f"judged by {life.question}")
    ledger = house.live(life)
    states = sorted(ledger.states.items())
    for name in life.types:
        for as_of, state in states:
            house.compare(name, as_of, state, is_strict=life.is_strict, past=True)
        if life.is_strict and item_type(name).absence is not Absence.PROOF:
            due = {
                where: ledger.versions(where) for where in ledger.state.items if where[1].item_type == name
            }
            assert house.versions(item_type(name)) == due
    due_records = expected_records(ledger, life.question)
    assert house.records(life.question) == due_records
    for how in ("full", "sweep", "in turn"):
        house.judge_again(life.question, states[-1][0], how)
        assert house.records(life.question) == due_records, how
    assert breaches(house.engine) == []
