"""Random lives of a small estate, told by lists of numbers, and lived through in several databases.

A life is a list of runs; before each, some things of the estate change. Two databases that live the same life
hold the same versions under the same ids, so that what policies say of them can be compared row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from sqlalchemy import Engine

from cmdb.queries import query_text
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import transaction
from cmdb.snapshot import (
    AccountKey,
    AccountReading,
    AccountRegionSnapshot,
    Failure,
    FailureKind,
    Item,
    Reading,
    ScopeStatus,
)
from cmdb.storage.inventory import PostgresInventory
from tests.support import items
from tests.support.answers import with_answers
from tests.support.items import CertificateKind
from tests.support.snapshots import nothing_read

BEGINNING = datetime(2026, 1, 1, 2, tzinfo=UTC)
ACCOUNT = AccountKey("aws", "111122223333")
REGIONS = ("eu-central-1", "us-east-1")
APIS = ("api001", "api002")
STAGES = ("prod", "test")
ACM = "arn:aws:acm:eu-central-1:111122223333:certificate/one"
CERTIFICATES = ("cert01", "cert02", ACM)
NAMED = (None, " ", *CERTIFICATES)
TYPES = (("HTTP",), ("AWS_PROXY",), ("HTTP_PROXY", "MOCK"), None)
GAPS = (24, 24, 24, 1, 80, 0)
KINDS = (RunKind.RUN, RunKind.RUN, RunKind.RUN, RunKind.COLLECT, RunKind.EVALUATE)
DENIED = Failure(FailureKind.DENIED, "GetStages", "GetStages was denied.")

Change = tuple[int, int, int, int]
"""What changes (of ``_CHANGES``), where, at what, how."""


@dataclass(frozen=True)
class Step:
    """One run: hours since the one before, its kind, and what changes before it."""

    hours: int
    kind: RunKind
    changes: Sequence[Change]


def lives(longest: int = 9) -> st.SearchStrategy[list[Step]]:
    """Return a strategy of lives; the first run always collects."""
    change = st.tuples(st.integers(0, 11), st.integers(0, 1), st.integers(0, 3), st.integers(0, 9))
    step = st.builds(
        Step, st.sampled_from(GAPS), st.sampled_from(KINDS), st.lists(change, max_size=4).map(tuple)
    )
    first = st.builds(Step, st.just(24), st.just(RunKind.RUN), st.lists(change, max_size=4).map(tuple))
    return st.builds(lambda one, rest: [one, *rest], first, st.lists(step, min_size=1, max_size=longest))


@dataclass
class _Api:
    exists: bool = True
    private: bool = False
    types: int = 0
    unread: bool = False
    stages: dict[str, list[object]] = field(default_factory=lambda: {s: [True, 2, 0] for s in STAGES})
    """Whether it is there, which certificate it names, its deployment."""


@dataclass
class _Region:
    apis: dict[str, _Api] = field(default_factory=lambda: {name: _Api() for name in APIS})
    certificates: dict[str, list[object]] = field(
        default_factory=lambda: {name: [True, 365 * 24] for name in CERTIFICATES}
    )
    """Whether it is there, hours from the beginning to its end."""
    fails: bool = False
    certificates_fail: bool = False
    certificate_unread: str | None = None
    uncovered: bool = False


class Estate:
    """The estate of a life."""

    def __init__(self) -> None:
        """Begin with everything there and well."""
        self.regions = {name: _Region() for name in REGIONS}

    def change(self, change: Change, hours: int) -> None:
        """Apply one change; ``hours`` have passed since the beginning."""
        what, where, at, how = change
        region = self.regions[REGIONS[where]]
        api = region.apis[APIS[at % 2]]
        stage = api.stages[STAGES[at // 2]]
        certificate = region.certificates[CERTIFICATES[at % 3]]
        if what == 0:
            api.exists = not api.exists
        elif what == 1:
            api.private = how % 2 == 0
        elif what == 2:
            stage[0] = not stage[0]
        elif what in (3, 4):
            stage[1] = how % len(NAMED)
        elif what == 5:
            stage[2] = how
        elif what == 6:
            certificate[0] = not certificate[0]
        elif what == 7:
            certificate[1] = hours + 24 * (how * 8 - 10)
        elif what == 8:
            api.types = how % len(TYPES)
        elif what == 9:
            api.unread = how % 2 == 0
        elif what == 10:
            region.fails, region.uncovered = how % 3 == 0, how % 4 == 1
        else:
            region.certificates_fail = how % 3 == 0
            region.certificate_unread = CERTIFICATES[at % 2] if how % 3 == 1 else None

    def covered(self) -> tuple[str, ...]:
        """Return the regions that tonight's run reads."""
        return tuple(name for name, region in self.regions.items() if not region.uncovered)

    def snapshot(self, name: str) -> AccountRegionSnapshot:
        """Return one region as a collector hands it over; the first one with digests of answers."""
        snapshot = self._snapshot(name)
        return with_answers(snapshot) if name == REGIONS[0] else snapshot

    def _snapshot(self, name: str) -> AccountRegionSnapshot:
        region = self.regions[name]
        if region.fails:
            return nothing_read(ACCOUNT, name, DENIED)
        apis = {key: api for key, api in region.apis.items() if api.exists}
        unread = {key: DENIED for key, api in apis.items() if api.unread}
        stages = [
            items.stage(
                key,
                stage,
                f"d{deployment}",
                NAMED[named],
                {"deploymentId": f"d{deployment}", "tracingEnabled": deployment % 3 == 0},
            )
            for key, api in apis.items()
            if key not in unread
            for stage, (there, named, deployment) in api.stages.items()
            if there
        ]
        read = [
            items.deployment(key, f"d{number}", TYPES[api.types] or ())
            for key, api in apis.items()
            if TYPES[api.types]
            for number in sorted({number for there, _, number in api.stages.values() if there})
        ]
        return AccountRegionSnapshot(
            ACCOUNT,
            name,
            items.readings(
                rest_apis=Reading(ScopeStatus.COMPLETE, items=[_api(key, api) for key, api in apis.items()]),
                stages=Reading(
                    ScopeStatus.PARTIAL if unread else ScopeStatus.COMPLETE, items=stages, unread=unread
                ),
                deployments=Reading(ScopeStatus.COMPLETE, items=read),
                client_certificates=self._certificates(region, stages, CertificateKind.API_GATEWAY),
                acm_certificates=self._certificates(region, stages, CertificateKind.ACM),
            ),
        )

    def _certificates(self, region: _Region, stages: Sequence[Item], kind: CertificateKind) -> Reading:
        if region.certificates_fail:
            return Reading(ScopeStatus.FAILED, DENIED)
        of_acm = kind is CertificateKind.ACM
        there = {name for name, (exists, _) in region.certificates.items() if exists}
        named = {stage.derived["client_certificate_id"] for stage in stages} & set(CERTIFICATES)
        asked = {name for name in CERTIFICATES if name.startswith("arn:") is of_acm}
        unread = {region.certificate_unread: DENIED} if region.certificate_unread in asked else {}
        shown = asked & there & (named if of_acm else set(CERTIFICATES)) - set(unread)
        return Reading(
            ScopeStatus.PARTIAL if unread else ScopeStatus.COMPLETE,
            items=[
                _certificate(name, kind, int(str(region.certificates[name][1]))) for name in sorted(shown)
            ],
            unread=unread,  # type: ignore[arg-type]
            absent={str(name) for name in (named & asked) - there - set(unread)},
        )


def _api(key: str, api: _Api) -> Item:
    types = ("PRIVATE",) if api.private else ("REGIONAL",)
    return items.rest_api(key, f"name of {key}", types, {"id": key, "types": list(types)})


def _certificate(name: str, kind: CertificateKind, hours: int) -> Item:
    expires = BEGINNING + timedelta(hours=hours)
    return items.certificate(
        kind, name, BEGINNING, expires, None, None, None, {"id": name, "expires": str(expires)}
    )


def live(engine: Engine, life: Sequence[Step]) -> Iterator[tuple[Run, bool]]:
    """Live through a life: give each run while it is open, and whether it is the caller's turn to judge.

    That is every run that judges; a collection that no such run follows before the next collection; and one
    that changes what was known at a moment that was judged already.
    """
    estate, hours, judged_at = Estate(), 0, -1
    for number, step in enumerate(life):
        hours += step.hours
        for change in step.changes:
            estate.change(change, hours)
        run = runs.start(engine, step.kind, BEGINNING + timedelta(hours=hours))
        if step.kind is not RunKind.EVALUATE:
            _collect(engine, estate, run)
            runs.finish_collection(engine, run)
        follower = life[number + 1].kind if number + 1 < len(life) else RunKind.EVALUATE
        judges = step.kind is not RunKind.COLLECT or follower is not RunKind.EVALUATE or hours == judged_at
        if judges:
            judged_at = hours
        yield run, judges
        runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())


def _collect(engine: Engine, estate: Estate, run: Run) -> None:
    inventory = PostgresInventory(engine, run.as_of)
    covered = estate.covered()
    inventory.store_account(AccountReading(ACCOUNT, "one", ScopeStatus.COMPLETE, regions=covered))
    if covered:
        inventory.store_many([estate.snapshot(name) for name in covered])


def verdicts(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return all that evaluations wrote, by table, with names instead of keys that only one database has."""
    found = {}
    with transaction(engine) as connection:
        for part in ("record", "record_closed", "episode", "tally"):
            rows = connection.execute(query_text(f"lives_{part}", "tests.support.sql").encode()).fetchall()
            found[part] = sorted(rows, key=repr)
    return found
