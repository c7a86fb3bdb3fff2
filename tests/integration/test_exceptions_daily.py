"""Figures with and without exceptions add up for every day of random histories, however the file changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cmdb.runs.runs import Run
from cmdb.server.database import open_engine
from gateledger.exceptions import store
from gateledger.exceptions.entry import Entry
from gateledger.exceptions.matching import match_changed
from gateledger.exceptions.store import Terms
from tests.support.doses import dose
from tests.support.histories import DENIED, FIRST_NIGHT, History, StageMade
from tests.support.questions import ask
from tests.support.servers import EMBEDDED, Servers

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
DAY = timedelta(days=1)
STAGES = ("one", "two", "three")
MATCHES: tuple[dict[str, Any], ...] = (
    {"account": "*"},
    {"arn": "*/stages/t*"},
    {"tags": {"env": "leg*"}},
    {"api": "b2*", "tags": {"env": "legacy"}},
)

Action = tuple[str, int, int]
ACTIONS = st.one_of(
    st.tuples(st.just("certificate"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("tag"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("gone"), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.just("unread"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("put"), st.integers(0, 7), st.integers(1, 6)),
    st.tuples(st.just("put"), st.sampled_from((2, 3, 6)), st.integers(1, 6)),
    st.tuples(st.just("tag"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("remove"), st.integers(0, 3), st.just(0)),
)
LIVES = st.lists(st.lists(ACTIONS, min_size=1, max_size=5), min_size=4, max_size=6)


class Nights(History):
    """Nights whose changed items are matched with exceptions, as the nightly job does."""

    def collect(self) -> Run:
        run = super().collect()
        match_changed(self.engine, run.as_of)
        return run


@dataclass(frozen=True)
class Told:
    """What was told at the end of a day: by status, all and those that an exception covers."""

    compliant: int
    incompliant: int
    undetermined: int
    excepted: int
    undetermined_excepted: int


def covers(entry: Entry, api: str, stage: StageMade, tags: Mapping[str, str], now: Any) -> bool:
    """Return whether an exception is meant for a stage with these tags, written down again without SQL."""
    match = entry.match
    matches = {
        "account": True,
        "arn": stage.name.startswith("t"),
        "api": api.startswith("b2"),
        "tags": tags.get("env", "").startswith("leg") if "api" not in match else tags.get("env") == "legacy",
    }
    return now < entry.until and all(matches[key] for key in match)


@dose(4)
@given(life=LIVES)
def test_figures_with_and_without_exceptions_add_up(
    postgres_servers: Servers, life: list[list[Action]]
) -> None:
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        try:
            live(Nights(engine), life)
        finally:
            engine.dispose()


def live(nights: Nights, life: list[list[Action]]) -> None:  # noqa: PLR0912  one branch an action
    """Live through the days, and compare what each told with what is said of it at the end."""
    nights.policies = [SSL]
    region = nights.region()
    region.certificate("cert01")
    apis = [region.api("a1b2c3d4e5"), region.api("b2c3d4e5f6", types=("HTTP",))]
    stages = {
        name: (apis[number % 2], apis[number % 2].stage(name, tags={"env": "legacy"}))
        for number, name in enumerate(STAGES)
    }
    entries: dict[str, Entry] = {}
    read: dict[str, dict[str, str]] = {}
    told: dict[int, Told] = {}
    seen: dict[Any, set[tuple[str, str | None]]] = {}
    for day, actions in enumerate(life):
        today = FIRST_NIGHT + day * DAY
        for what, first, second in actions:
            name = STAGES[first % 3]
            api, stage = stages[name]
            if what == "certificate":
                stage.certificate = "cert01" if second else None
            elif what == "tag":
                stage.payload = {} if second == 0 else {"tags": {"env": ("legacy", "legs")[second - 1]}}
            elif what == "gone":
                api.stages.pop(name, None)
                if second:
                    api.stages[name] = stage
            elif what == "unread":
                region.failure = None if region.failure is not None else DENIED
            elif what == "put":
                entries[f"e{first % 4}"] = made(first % 4, today, second, both=first > 3)
            else:
                entries.pop(f"e{first}", None)
        nights.night()
        if region.failure is None:  # what was not read is as it was read last
            read |= {n: dict(s.payload.get("tags", {})) for n, (a, s) in stages.items() if n in a.stages}
        at = today + timedelta(hours=1)
        current = [one for one in entries.values() if at < one.until]
        entries = {one.exception_id: one for one in current}
        store.apply(nights.engine, current, Terms("somebody", timedelta(days=366), at))
        found = ask(
            nights.engine,
            "SELECT stage_name, status, exception_id FROM report.finding WHERE policy_id = %s",
            (SSL,),
        )
        for row in found:
            api, stage = stages[row["stage_name"]]
            wanted = any(
                covers(one, api.rest_api_id, stage, read[stage.name], at) and row["status"] in one.statuses
                for one in current
            )
            assert (row["exception_id"] is not None) == wanted, (day, row)
        told[day] = tally(found)
        seen[at] = {(row["stage_name"], row["exception_id"]) for row in found}
    for view in ("compliance_daily", "compliance_daily_total"):
        check_days(nights, view, told)
    for moment, expected in seen.items():
        rows = ask(
            nights.engine,
            "SELECT stage_name, exception_id FROM report.finding_as_of(%s) WHERE policy_id = %s",
            (moment, SSL),
        )
        assert {(row["stage_name"], row["exception_id"]) for row in rows} == expected


def made(number: int, today: Any, days: int, *, both: bool) -> Entry:
    """Make an exception that holds until the end of a day."""
    entry = Entry(
        exception_id=f"e{number}",
        policies=("*ssl-certificate",),
        match=MATCHES[number],
        statuses=("INCOMPLIANT",),
        reason="Accepted.",
        owner="team",
        ticket=None,
        start=None,
        until=today.replace(hour=0) + (days + 1) * DAY,
    )
    return replace(entry, statuses=("INCOMPLIANT", "UNDETERMINED")) if both else entry


def tally(rows: list[dict[str, Any]]) -> Told:
    """Count findings."""

    def count(status: str, *, excepted: bool = False) -> int:
        return sum(
            row["status"] == status and (not excepted or row["exception_id"] is not None) for row in rows
        )

    return Told(
        count("COMPLIANT"),
        count("INCOMPLIANT"),
        count("UNDETERMINED"),
        count("INCOMPLIANT", excepted=True),
        count("UNDETERMINED", excepted=True),
    )


def check_days(nights: Nights, view: str, told: dict[int, Told]) -> None:
    """Compare a view of days with what each day told at its end."""
    found = ask(
        nights.engine,
        "SELECT day, compliant, incompliant, undetermined, excepted, undetermined_excepted, compliance_percent, "
        f"compliance_percent_with_exceptions AS with_them FROM report.{view} WHERE policy_id = %s",
        (SSL,),
    )
    for row in found:
        expected = told[(row["day"] - FIRST_NIGHT.date()).days]
        assert Told(*(int(row[name]) for name in Told.__dataclass_fields__)) == expected
        left = row["incompliant"] - row["excepted"]
        assert 0 <= row["excepted"] <= row["incompliant"]
        whole = row["compliant"] + left
        assert row["with_them"] == (None if whole == 0 else round(Decimal(100) * row["compliant"] / whole, 2))
    said = {(row["day"] - FIRST_NIGHT.date()).days for row in found}
    assert all(one == Told(0, 0, 0, 0, 0) for day, one in told.items() if day not in said)
