"""Putting a policy's SQL together with the relations it reads, and asking the database for verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from cmdb.items.payloads import payload_key
from cmdb.queries import query, query_text
from cmdb.server.database import Cursor
from cmdb.server.staging import stage_rows
from evaluator.catalog.composition import Composition
from evaluator.catalog.offered import RECHECK, SUBJECTS
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError
from evaluator.judging.guard import DEFAULT_TIMEOUT, guarded
from evaluator.judging.registry import Registered
from evaluator.judging.relations import (
    fixed_columns,
    named,
    rarely_joined,
    relations_as_of,
    relations_now,
    stored_columns,
)

SQL = "evaluator.judging.sql"
#: When more than one item in so many differs, judging all again beats naming those that do.
_NAMED_SHARE = 10
#: For the hash tables over a million rows, a few at a time; and no compiling of plans that run for a second.
#: Without sorting, counts are hashed: the planner overrates how many there are and would sort every item.
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"
#: The joins are shared among processes: the planner takes every item for a group of its own, and so a
#: parallel plan for one that sends all of them from process to process. LATERAL subqueries are computed by one
#: process: joins below them that are shared would send it every row.
_SHARED = "SET LOCAL parallel_setup_cost = 100; SET LOCAL parallel_tuple_cost = 0.001"


def kept_subjects(listed: str) -> tuple[str, str]:
    """Return what a record keeps of a verdict's subjects: the first twenty, and their number; null where none are."""
    return f"nullif(({listed})[1:20], '{{}}')", f"nullif(cardinality({listed}), 0)"


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging every item found."""

    items: int
    counts: list[tuple[int, int, int]]
    """account_region_id, condition_key, items."""
    differing: list[int]
    """Items whose record, or the time to look at it again, is not what the verdict says."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A policy about to be asked about the inventory of one time, in one transaction."""

    cursor: Cursor
    policy: Policy
    registered: Registered
    values: Mapping[str, Any]
    """policy_key, policy_version_id, max_staleness and as_of."""
    is_past: bool = False
    """Whether the inventory is the one of ``as_of``, not the latest."""
    timeout: timedelta = DEFAULT_TIMEOUT
    """How long each statement with the policy's SQL may take."""

    @property
    def composition(self) -> Composition:
        """What the policy's logic is run as."""
        return self.policy.logic.composition

    def all_items(self) -> Judged:
        """Judge every item in one pass. Raises ``PolicyError`` when the SQL fails or is not total."""
        shared = "" if self.composition.is_computing else f"{_SHARED}; "
        self.cursor.execute(f"{_SETTINGS}; {shared}SET LOCAL enable_sort = off")
        rows = self._ask("judge")
        counts: list[tuple[int, int, int]] = []
        differing: list[int] = []
        for account_region_id, condition_key, count, changed in rows:
            counts.append((account_region_id, condition_key, count))
            differing += changed or ()
        self.cursor.execute("SET LOCAL enable_sort = on")
        judged = Judged(sum(count for _, _, count in counts), counts, differing)
        self._require_all(judged.items)
        return judged

    def verdicts(self, items: Sequence[int], known: int) -> None:
        """Judge these items among ``known`` and keep the verdicts that differ in ``pg_temp.verdict``."""
        if len(items) * _NAMED_SHARE > known:
            self._keep_verdicts(of_dirty=False)
            return
        stage_rows(self.cursor, "dirty", (("item_id", "int8"),), ((item,) for item in items))
        self.dirty_verdicts()

    def dirty_verdicts(self) -> None:
        """Judge the items in ``pg_temp.dirty`` and keep the verdicts that differ in ``pg_temp.verdict``."""
        self.cursor.execute("ANALYZE pg_temp.dirty")
        self._keep_verdicts(of_dirty=True)

    def _keep_verdicts(self, *, of_dirty: bool) -> None:
        self.cursor.execute(query("verdict_table", SQL))
        self.cursor.execute("TRUNCATE pg_temp.verdict")
        self.cursor.execute(_SETTINGS)
        try:
            self._ask("verdicts", of_dirty=of_dirty)
        except psycopg.errors.UniqueViolation as error:
            raise PolicyError(
                f"The logic.sql of policy {self.policy.id} returns an item twice: every item needs exactly "
                "one row, so look for a join that multiplies rows."
            ) from error

    def _ask(self, name: str, *, of_dirty: bool = False) -> list[tuple[Any, ...]]:
        """Run one of our statements around the policy's checked SQL; return its rows, if it gives any."""
        composition = self.composition
        # Of few items an index finds what they name at once; to find all that is named takes a scan of the items.
        rare = () if self.is_past or of_dirty else rarely_joined(composition)
        instead = {one.alias: f"named_{one.alias}" for one in rare}
        text = composition.select(
            self.registered.condition_keys, with_evidence=name == "verdicts", instead=instead
        )
        logic, bound = self.policy.bind(text, self.policy.values(self.registered.parameters))
        if not self.policy.has_recheck:
            logic = f"SELECT w.*, NULL::{RECHECK[1]} AS {RECHECK[0]} FROM ({logic}) AS w"
        has_subjects = self.policy.logic.has_subjects
        keys = self.registered.condition_keys
        kept = kept_subjects("v.subjects")
        changed = "v.condition_before IS DISTINCT FROM v.condition_key"
        if has_subjects:
            # An open record of an item that is gone or stale may still have subjects: that is no reason to end it.
            before = ("v.subjects_before", "v.count_before")
            differ = (f"{was} IS DISTINCT FROM {now}" for was, now in zip(before, kept, strict=True))
            changed += f" OR ({composition.is_own('v', keys)} AND ({' OR '.join(differ)}))"
        parts = {
            "relations": ",\n".join(
                [self._relations(of_dirty=of_dirty), *(named(composition, one) for one in rare)]
            ),
            "logic": logic,
            "changed": changed,
            "differs": f"{changed} OR v.recheck_before IS DISTINCT FROM v.recheck_at",
            "evidence": composition.evidence("w"),
            "subjects": composition.subjects("w", keys) if has_subjects else f"NULL::{SUBJECTS[1]}",
            "kept": ", ".join(kept),
            "restriction": "WHERE w.item_id IN (SELECT d.item_id FROM pg_temp.dirty AS d)"
            if of_dirty
            else "",
            # Subjects are compared, cut and counted: the planner would look for them anew each time.
            "once": "OFFSET 0" if has_subjects else "",
        }
        statement: str = query_text(name, SQL)
        for place, part in parts.items():
            statement = statement.replace(f"{{{place}}}", part)
        with self.asking():
            self.cursor.execute(sql.SQL(statement), {**bound, **self.values})
            return self.cursor.fetchall() if self.cursor.description else []

    def _relations(self, *, of_dirty: bool) -> str:
        composition = self.composition
        if self.is_past:
            return relations_as_of(composition.relations, composition.item.declared.name)
        rows = None
        # Items that are joined to others of their type are looked for among all of them.
        is_read_once = [one.declared for one in composition.joined].count(composition.item.declared) == 1
        if of_dirty and composition.local is not None and is_read_once:
            # Inside the relation, where no join can keep it from being the first thing that is looked at.
            rows = _dirty_rows(composition)
        return relations_now(composition.relations, composition.item.declared.name, rows)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Run a statement with the policy's SQL: in its cage, its mistakes put in one sentence."""
        with explained(self.policy), guarded(self.cursor, self.policy.id, self.timeout):
            yield

    def _require_all(self, judged: int) -> None:
        """Refuse a policy that leaves items without a verdict or gives one twice."""
        item = self.composition.item.declared
        only = {item.name: frozenset({"item_id"})}
        relations = (relations_as_of if self.is_past else relations_now)(only, item.name)
        text = f"WITH {relations} SELECT count(*) FROM {item.name}"
        row = self.cursor.execute(sql.SQL(text), self.values).fetchone()
        known = 0 if row is None else row[0]
        if judged != known:
            raise PolicyError(
                f"The logic.sql of policy {self.policy.id} returns {judged} rows for {known} items: every "
                "item needs exactly one row, so drop the WHERE or turn the inner join into a LEFT JOIN."
            )


def _dirty_rows(composition: Composition) -> str:
    """Return the rows of the items that are judged again, in place of the table of all."""
    declared = composition.item.declared
    names = [
        "version_id",
        "valid_from",
        "valid_to",
        *sorted(stored_columns(declared) | fixed_columns(declared) | {payload_key(declared)}),
    ]
    names += ["proven_absent"] if declared.proves_absence else []
    return (
        f"(\n        SELECT {', '.join(f'one.{name}' for name in names)}\n        FROM pg_temp.dirty AS d\n"
        f"        JOIN cmdb.{declared.name} AS one ON one.item_id = d.item_id\n    )"
    )


@contextmanager
def explained(policy: Policy) -> Iterator[None]:
    try:
        yield
    except (psycopg.DataError, psycopg.ProgrammingError) as error:
        if error.sqlstate is None or isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise  # a mistake of ours; a right that lacks, which has a sentence of its own
        raise PolicyError(
            f"The logic.sql of policy {policy.id} fails on the inventory "
            f"({str(error).splitlines()[0]}): correct it and evaluate again."
        ) from error
