"""Putting a policy's SQL together with the relations it reads, and asking the database for verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from cmdb.queries import query, query_text
from cmdb.server.database import Cursor
from cmdb.storage.copying import stage_rows
from evaluator.catalog.locality import Local, local_form, with_keys
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError
from evaluator.judging.guard import DEFAULT_TIMEOUT, guarded
from evaluator.judging.registry import Registered

SQL = "evaluator.judging.sql"
NOW = "relations_now"
AS_OF = "relations_as_of"

#: When more than one stage in so many differs, judging all again beats naming those that do.
_NAMED_SHARE = 10
#: For the hash tables over a million rows, a few at a time; and no compiling of plans that run for a second.
#: Without sorting, counts are hashed: the planner overrates how many there are and would sort every stage.
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off"
#: The joins are shared among processes: the planner takes every stage for a group of its own, and so a
#: parallel plan for one that sends all of them from process to process.
_SHARED = "SET LOCAL parallel_setup_cost = 100; SET LOCAL parallel_tuple_cost = 0.001"


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging every stage found."""

    stages: int
    counts: list[tuple[int, int, int]]
    """account_region_id, condition_key, stages."""
    differing: list[int]
    """Stages whose record, or the time to look at it again, is not what the verdict says."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A policy about to be asked about the inventory of one time, in one transaction."""

    cursor: Cursor
    policy: Policy
    registered: Registered
    values: Mapping[str, Any]
    """policy_key, policy_version_id, max_staleness and as_of."""
    relations: str = NOW
    timeout: timedelta = DEFAULT_TIMEOUT
    """How long each statement with the policy's SQL may take."""

    @property
    def local(self) -> Local | None:
        """How the policy joins what belongs to a stage, when it looks at nothing else."""
        return local_form(self.policy.logic_sql)

    def all_stages(self) -> Judged:
        """Judge every stage in one pass. Raises ``PolicyError`` when the SQL fails or is not total."""
        self.cursor.execute(f"{_SETTINGS}; {_SHARED}; SET LOCAL enable_sort = off")
        rows = self._ask("judge")
        counts: list[tuple[int, int, int]] = []
        differing: list[int] = []
        for account_region_id, condition_key, count, changed in rows:
            counts.append((account_region_id, condition_key, count))
            differing += changed or ()
        self.cursor.execute("SET LOCAL enable_sort = on")
        judged = Judged(sum(count for _, _, count in counts), counts, differing)
        self._require_all(judged.stages)
        return judged

    def verdicts(self, stages: Sequence[int], known: int) -> None:
        """Judge these stages among ``known`` and keep the verdicts that differ in ``pg_temp.verdict``."""
        if len(stages) * _NAMED_SHARE > known:
            self._keep_verdicts("")
            return
        stage_rows(self.cursor, "dirty", (("stage_id", "int8"),), ((stage,) for stage in stages))
        self.dirty_verdicts()

    def dirty_verdicts(self) -> None:
        """Judge the stages in ``pg_temp.dirty`` and keep the verdicts that differ in ``pg_temp.verdict``."""
        self.cursor.execute("ANALYZE pg_temp.dirty")
        self._keep_verdicts("AND v.stage_id IN (SELECT d.stage_id FROM pg_temp.dirty AS d)")

    def _keep_verdicts(self, restriction: str) -> None:
        self.cursor.execute(query("verdict_table", SQL))
        self.cursor.execute("TRUNCATE pg_temp.verdict")
        self.cursor.execute(_SETTINGS)
        try:
            self._ask("verdicts", restriction)
        except psycopg.errors.UniqueViolation as error:
            raise PolicyError(
                f"The logic.sql of policy {self.policy.id} returns a stage twice: every stage needs exactly "
                "one row, so look for a join that multiplies rows."
            ) from error

    def _ask(self, name: str, restriction: str = "") -> list[tuple[Any, ...]]:
        """Run one of our statements around the policy's checked SQL; return its rows, if it gives any."""
        keyed = with_keys(self.policy.logic_sql, self.registered.condition_keys)
        parameters = self.policy.values(self.registered.parameters)
        logic, bound = self.policy.bind(keyed, parameters)
        if not self.policy.has_recheck:
            logic = f"SELECT w.*, NULL::timestamptz AS recheck_at FROM ({logic}) AS w"
        relations = query_text(self.relations, SQL)
        if restriction and self.local is not None and self.relations == NOW:
            # Inside the relation, where no join can keep it from being the first thing that is looked at.
            relations = relations.replace("cmdb.stage AS s\n", f"{query_text('stage_dirty', SQL)} AS s\n", 1)
        text = query_text(name, SQL)
        for place, part in (("relations", relations), ("logic", logic), ("restriction", restriction)):
            text = text.replace(f"{{{place}}}", part)
        with self.asking():
            self.cursor.execute(sql.SQL(text), {**bound, **self.values})
            return self.cursor.fetchall() if self.cursor.description else []

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Run a statement with the policy's SQL: in its cage, its mistakes told in one sentence."""
        with explained(self.policy), guarded(self.cursor, self.policy.id, self.timeout):
            yield

    def _require_all(self, judged: int) -> None:
        """Refuse a policy that leaves stages without a verdict or gives one twice."""
        row = self.cursor.execute(query(f"{self.relations}_stages", SQL), self.values).fetchone()
        known = 0 if row is None else row[0]
        if judged != known:
            raise PolicyError(
                f"The logic.sql of policy {self.policy.id} returns {judged} rows for {known} stages: every "
                "stage needs exactly one row, so drop the WHERE or turn the inner join into a LEFT JOIN."
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
