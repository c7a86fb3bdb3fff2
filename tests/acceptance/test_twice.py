"""The same night twice: what did not change leaves no trace, and what did replaces what was found before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from cmdb.server.database import open_engine
from simulated_aws import FaultKind
from tests.support.checks import breaches, checksums, differences_to_replay, differences_to_the_past
from tests.support.doses import at_length
from tests.support.faulty import Furnished
from tests.support.nights import Nights
from tests.support.questions import Row, ask, ask_file
from tests.support.servers import EMBEDDED, Servers

#: Columns that differ between databases with the same history: keys, and what the last reading was and cost.
_KEYS = frozenset(
    {"item_id", "version_id", "items", "duration_seconds", "calls", "throttles", "waited_seconds"}
)
#: Views, and files of questions, that tell the verdicts; and those that tell the versions behind them.
VERDICTS = ("finding", "finding_history", "scope_health", "compliance_daily", "scope_states")
VERSIONS = ("stage_history", "certificate", "certificate_versions", "deployment_versions")
FILES = frozenset({"scope_states", "certificate_versions", "deployment_versions"})
ITEMS = tuple(
    f"cmdb.{table}"
    for item in ("rest_api", "stage", "deployment", "certificate")
    for table in (item, f"{item}_closed")
)


@pytest.mark.both_servers
def test_a_night_without_a_change_adds_nothing(nights: Nights) -> None:
    # given something for every condition, and a part that cannot be read
    place = Furnished(nights.place())
    nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=place.apis["losing"])
    nights.nights(2)
    before = checksums(nights.engine)
    # when a night passes on which nothing happens
    summary = nights.night()
    # then no version, record, count or state is added or touched
    assert checksums(nights.engine) == before
    assert summary.items_changed == summary.findings_changed == 0
    assert summary.items_seen > 0
    assert summary.new == {}


def test_a_night_run_again_at_the_same_time_adds_nothing(nights: Nights) -> None:
    place = Furnished(nights.place())
    nights.aws.faults.add(FaultKind.DENIED, "GetStages", resource_id=place.apis["losing"])
    nights.night()
    first = checksums(nights.engine)
    # given the first night run once more
    nights.again()
    assert checksums(nights.engine) == first
    # and a night on which much happened
    place.change()
    nights.night()
    second = checksums(nights.engine)
    summary = nights.again()
    # then the second run finds what the first one found, and writes nothing of it anew
    assert checksums(nights.engine) == second
    assert summary.items_changed == 0


#: Lets something happen and returns what takes it back.
Happening = Callable[[Nights, Furnished], Callable[[], Any]]


def _lose_stage(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().delete_stage(place.apis["orders"], "bare")
    return lambda: nights.place().restore_stage(place.apis["orders"], "bare")


def _lose_api(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().delete_api(place.apis["orders"])
    return lambda: nights.place().restore_api(place.apis["orders"])


def _lose_certificate(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().delete_certificate(place.certificates[0])
    return lambda: nights.place().restore_certificate(place.certificates[0])


def _lose_acm_certificate(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().delete_acm_certificate(place.arns[0])
    return lambda: nights.place().restore_acm_certificate(place.arns[0])


def _detach(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().detach_certificate(place.apis["losing"], "prod")
    return lambda: nights.place().attach_certificate(place.apis["losing"], "prod", place.certificates[1])


def _new_stage(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().add_stage(place.apis["orders"], "young", certificate_id=place.certificates[2])
    return lambda: nights.place().delete_stage(place.apis["orders"], "young")


def _backends(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().set_integrations(place.apis["lambda"], ["HTTP"])
    return lambda: nights.place().set_integrations(place.apis["lambda"], ["AWS_PROXY"])


def _private(nights: Nights, place: Furnished) -> Callable[[], Any]:
    nights.place().set_endpoint_types(place.apis["orders"], ["PRIVATE"])
    return lambda: nights.place().set_endpoint_types(place.apis["orders"], ["REGIONAL"])


def _deny(*operations: str, of_one: bool = False) -> Happening:
    def deny(nights: Nights, place: Furnished) -> Callable[[], Any]:
        one = place.apis["losing"] if of_one else None
        rules = [nights.aws.faults.add(FaultKind.DENIED, each, resource_id=one) for each in operations]
        return lambda: nights.mend(*rules)

    return deny


def _everything(nights: Nights, place: Furnished) -> Callable[[], Any]:
    undo = [happens(nights, place) for happens in (_lose_stage, _lose_certificate, _backends, _new_stage)]

    def back() -> None:
        for step in reversed(undo):
            step()

    return back


HAPPENINGS: dict[str, Happening] = {
    "a stage goes": _lose_stage,
    "an API goes": _lose_api,
    "a certificate goes": _lose_certificate,
    "a certificate of ACM goes": _lose_acm_certificate,
    "a certificate is detached": _detach,
    "a stage comes": _new_stage,
    "backends change": _backends,
    "an API becomes private": _private,
    "much at once": _everything,
}
DENIALS: dict[str, Happening] = {
    "APIs are denied": _deny("GetRestApis"),
    "stages are denied": _deny("GetStages"),
    "stages of one API are denied": _deny("GetStages", of_one=True),
    "certificates are denied": _deny("GetClientCertificates"),
    "ACM is denied": _deny("DescribeCertificate"),
}


@pytest.fixture
def once(postgres_servers: Servers) -> Iterator[Engine]:
    """A second database, for the nights that are run once."""
    with postgres_servers.get(EMBEDDED).database(migrated=True) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.mark.parametrize(
    "denial", at_length(list(DENIALS), but=lambda denial: "one" in denial or "ACM" in denial)
)
def test_a_second_run_that_fails_takes_nothing_back(nights: Nights, denial: str) -> None:
    # given a night on which much changed, and all was read
    place = Furnished(nights.place())
    nights.night()
    place.change()
    nights.night()
    items, findings = checksums(nights.engine, *ITEMS), findings_of(nights)
    # when it is run again, and something cannot be read
    DENIALS[denial](nights, place)
    summary = nights.again()
    # then the scope says so, and what was read before stands
    assert summary.scopes_failed > 0
    assert checksums(nights.engine, *ITEMS) == items
    assert findings_of(nights) == findings


#: What happens between two runs otherwise is part of one of these, or like it.
EACH_KIND = (
    "a certificate is deleted",
    "much at once",
    "stages of one API are denied",
    "certificates are denied",
)


@pytest.mark.parametrize("happening", at_length([*HAPPENINGS], but=lambda name: name in EACH_KIND))
def test_a_second_run_of_a_night_adds_what_it_sees_to_the_first(
    nights: Nights, once: Engine, happening: str
) -> None:
    # given two ledgers of the same estate, one of whose second nights is run twice
    place = Furnished(nights.place())
    single = Nights(once, nights.aws, nights.settings)
    for each in (nights, single, nights):
        each.night()
    # when something happens between its runs
    HAPPENINGS[happening](nights, place)
    nights.again()
    single.night()
    # then it stands as if the first of its runs had never been, tonight and on the night after
    assert_told_alike(nights, single, (*VERDICTS, *VERSIONS))


@pytest.mark.parametrize("happening", at_length([*HAPPENINGS, *DENIALS], but=lambda name: name in EACH_KIND))
def test_a_second_run_of_a_night_takes_back_what_was_not_so(
    nights: Nights, once: Engine, happening: str
) -> None:
    place = Furnished(nights.place())
    single = Nights(once, nights.aws, nights.settings)
    for each in (nights, single):
        each.night()
    # given a night whose first run sees something
    undo = (HAPPENINGS | DENIALS)[happening](nights, place)
    nights.night()
    # when its second run does not
    undo()
    nights.again()
    single.night()
    # then no verdict of the first one is left, tonight and on the night after
    assert_told_alike(nights, single, VERDICTS)


def assert_told_alike(twice: Nights, once: Nights, told: tuple[str, ...]) -> None:
    """Both ledgers tell the same, also after one more night; the single one is whole like the other."""
    assert differences(twice.engine, once.engine, told) == []
    twice.night()
    once.night()
    assert differences(twice.engine, once.engine, told) == []
    assert breaches(once.engine) == []
    assert differences_to_the_past(once.engine, once.told) == []
    assert differences_to_replay(once.engine) == []


def findings_of(nights: Nights) -> list[tuple[Any, ...]]:
    """Return what is said of every stage, and since when."""
    return [(row["policy_id"], row["item_id"], row["condition"], row["since"]) for row in nights.findings()]


def differences(twice: Engine, once: Engine, told: tuple[str, ...]) -> list[str]:
    """Return what two databases tell differently of the history, apart from keys and what reading cost."""
    first, second = _ledger(twice, told), _ledger(once, told)
    return [f"run twice: {row}" for row in sorted(first - second)] + [
        f"run once: {row}" for row in sorted(second - first)
    ]


def _ledger(engine: Engine, told: tuple[str, ...]) -> set[str]:
    found = {name: ask_file(engine, name) if name in FILES else _view(engine, name) for name in told}
    return {
        f"{name} { ({key: _plain(value) for key, value in row.items() if key not in _KEYS}) }"
        for name, rows in found.items()
        for row in rows
    }


def _view(engine: Engine, name: str) -> list[Row]:
    rows = ask(engine, f"SELECT * FROM report.{name}")
    if name != "finding_history":
        return rows
    # A stage that only a first run saw has gone by the second one and was never anything else.
    lived = {row["item_id"] for row in rows if row["status"] != "DISAPPEARED"}
    return [row for row in rows if row["item_id"] in lived]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
