"""An item type that only this file declares: stored, read as of the past, judged, explained and dropped like any.

No line of the product knows of lamps. What they do follows from their declaration.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData

from cmdb.items import (
    NEVER,
    DeclarationError,
    Field,
    ItemType,
    Kind,
    Reference,
    Scope,
    item_type,
    item_types,
    known_as,
)
from cmdb.items.declaration import RESERVED, TABLES
from cmdb.runs import runs
from cmdb.runs.runs import Run, RunKind, RunStatus, RunTotals
from cmdb.server.database import open_engine, transaction
from cmdb.server.reporting import create_views, view_texts
from cmdb.server.roles import policy_grants
from cmdb.snapshot import AccountKey, AccountRegionSnapshot, Item, Reading, ScopeStatus
from cmdb.storage.prune import prune
from cmdb.tables.base import metadata
from cmdb.tables.inventory import item_tables
from evaluator.catalog.case_runner import run_cases
from evaluator.catalog.loading import Catalog, load_catalog
from evaluator.catalog.offered import columns_of
from evaluator.catalog.policy import Policy
from evaluator.errors import PolicyError
from evaluator.judging.backfill import backfill
from evaluator.judging.engine import FULL, INCREMENTAL, evaluate
from evaluator.judging.explain import Explanation, explain
from evaluator.judging.relations import relations_as_of, relations_now
from gateledger.exports.writing import Export, ExportFormat, write_export
from gateledger.queries.reading import reading
from tests.integration.test_export import asff_problems, ocsf_validator
from tests.support.checks import breaches
from tests.support.histories import DENIED, FIRST_NIGHT, MAX_STALENESS, History, RegionMade
from tests.support.items import CertificateKind
from tests.support.lives import verdicts
from tests.support.questions import Row, ask
from tests.support.servers import EMBEDDED, Servers

DAY = timedelta(days=1)
MADE = datetime(2025, 12, 24, 18, 30, 15, 500_000, tzinfo=UTC)


def _both(name: str, kind: Kind) -> tuple[Field, Field]:
    """Return a field that is a column, and one of the same kind that is read from the payload."""
    return (
        Field(name, kind, name, f"The {name} outside.", "There is none.", stored=True),
        Field(f"inner_{name}", kind, f"inner.{name}", f"The {name} inside.", "There is none."),
    )


LAMP = ItemType(
    name="lamp",
    title="lamp",
    resource_type="aws.apigateway.lamp",
    arn="arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}/lamps/{lamp_id}",
    scopes=(Scope("lamp", ("apigateway:GetLamps",)),),
    parent="rest_api",
    key=Field("lamp_id", Kind.TEXT, "id", "Its id within the REST API.", NEVER),
    label="name",
    digested=("bulbs",),
    references=(Reference("certificate_id", "certificate", "The certificate that it shows."),),
    fields=(
        Field("name", Kind.TEXT, "name", "Its name.", "None was given.", stored=True),
        Field(
            "certificate_id",
            Kind.TEXT,
            "certificateId",
            "The certificate that it shows.",
            "It shows none.",
            stored=True,
            since="certificate_shown_at",
        ),
        Field("bulbs", Kind.INTEGER, "bulbs", "How many bulbs it has.", NEVER, stored=True, derived=True),
        Field("status", Kind.TEXT, "status", "What it does just now.", "It is off.", volatile=True),
        *_both("colour", Kind.TEXT),
        *_both("lit", Kind.BOOLEAN),
        *_both("watts", Kind.INTEGER),
        *_both("seconds", Kind.BIGINT),
        *_both("share", Kind.NUMERIC),
        *_both("made_at", Kind.TIME),
        *_both("rooms", Kind.TEXTS),
        *_both("settings", Kind.JSON),
    ),
)
#: The same with equal payloads stored once; two lamps then look alike by themselves, and nothing is volatile.
ALIKE = replace(
    LAMP, shared_payload=True, digested=(), fields=tuple(replace(one, volatile=False) for one in LAMP.fields)
)
OWN_AND_SHARED = pytest.mark.parametrize("lamp_type", [LAMP, ALIKE], ids=["own", "shared"])
COLUMNS = [name for name, _ in columns_of(LAMP)]
VALUES: dict[str, Any] = {
    "colour": "warm \u2600 \\N",
    "lit": True,
    "watts": 2**31 - 1,
    "seconds": -(2**63),
    "share": -1234567.00089,
    "made_at": "2025-12-24T18:30:15.500000+00:00",
    "rooms": ["hall", "", 'kit,chen"'],
    "settings": {"dim": [1, {"slow": None}]},
}
READ = {**VALUES, "made_at": MADE}

POLICY = """\
id: /tests/lamps/dim
name: Lamp is dim
contextual_name: Lamp is not dim
type: COMPLIANCE_POLICY
categories: [COST]
severity: low
resource_type: aws.apigateway.lamp
parameters:
  most: {type: integer, default: 60, minimum: 1, description: Watts.}
conditions:
  private: {status: INAPPLICABLE, message: "REST API {rest_api_id} is private."}
  watts_unknown: {status: UNDETERMINED, message: "How bright lamp {name} is is not known."}
  bright: {status: INCOMPLIANT, message: "Lamp {name} is too bright in {subjects}.", remediation: Dim it.}
  certificate_gone: {status: INCOMPLIANT, message: Its certificate is gone., remediation: Show another one.}
  dim: {status: COMPLIANT, message: "Lamp {name} is dim."}
"""
LOGIC = """\
-- Is the lamp dim, by what its payload alone says?
SELECT
    CASE
        WHEN rest_api.is_private THEN 'private'
        WHEN lamp.inner_watts IS NULL THEN 'watts_unknown'
        WHEN lamp.inner_watts > :most AND lamp.lit THEN 'bright'
        WHEN lamp.certificate_id IS NOT NULL
            AND (certificate.item_id IS NULL OR certificate.absent_since >= lamp.certificate_shown_at)
            THEN 'certificate_gone'
        ELSE 'dim'
    END AS condition,
    CASE WHEN lamp.inner_watts > :most AND lamp.lit THEN lamp.inner_rooms END AS subjects
FROM lamp
LEFT JOIN rest_api ON rest_api.item_id = lamp.parent_id
LEFT JOIN certificate
    ON certificate.account_region_id = lamp.account_region_id
    AND certificate.certificate_id = lamp.certificate_id
"""
CASES = """\
as_of: "2026-11-01T02:00:00Z"
cases:
  - name: dim
    lamp: {inner_watts: 5}
    status: COMPLIANT
    condition: dim
    evidence: [lamp, rest_api]
  - name: bright
    lamp: {inner_watts: 100, lit: true, inner_rooms: [hall]}
    status: INCOMPLIANT
    condition: bright
    subjects: [hall]
    evidence: [lamp, rest_api]
  - name: bright for a lower limit
    parameters: {most: 4}
    lamp: {inner_watts: 5, lit: true, inner_rooms: []}
    status: INCOMPLIANT
    condition: bright
  - name: nothing known of watts
    status: UNDETERMINED
    condition: watts_unknown
    evidence: [lamp, rest_api]
  - name: private
    rest_api: {is_private: true}
    status: INAPPLICABLE
    condition: private
    over: watts_unknown
  - name: its certificate is gone
    lamp: {inner_watts: 5, certificate_id: cert01, certificate_shown_at: -3d}
    certificate: {absent_since: -1d}
    status: INCOMPLIANT
    condition: certificate_gone
    evidence: [lamp, rest_api, certificate]
  - name: gone
    lamp: {disappeared_at: -1d}
    status: DISAPPEARED
    condition: lamp_disappeared
    evidence: [lamp]
  - name: not read
    lamp: {is_fresh: false}
    status: UNDETERMINED
    condition: inventory_stale
    evidence: [lamp]
"""


@dataclass
class LampRegion(RegionMade):
    """An account-region with lamps, by REST API and id."""

    lamps: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    unread_lamps: set[str] = field(default_factory=set)
    """REST APIs whose lamps cannot be read."""

    def lamp(
        self, api: str, lamp_id: str, inner: dict[str, Any] | None = None, **payload: Any
    ) -> dict[str, Any]:
        """Add a lamp; return its payload for later changes."""
        made = {"id": lamp_id, "name": f"lamp {lamp_id}", "inner": inner or {}, **payload}
        self.lamps[api, lamp_id] = made
        return made

    def snapshot(self) -> AccountRegionSnapshot:
        """Return what a reader of lamps would hand over tonight."""
        snapshot = super().snapshot()
        if self.failure is None:
            unread = dict.fromkeys(self.unread_lamps, DENIED)
            snapshot.readings["lamp"] = Reading(
                ScopeStatus.PARTIAL if unread else ScopeStatus.COMPLETE,
                DENIED if unread else None,
                items=[
                    Item(lamp_id, {**payload}, api, {"bulbs": len(payload["inner"])})
                    for (api, lamp_id), payload in self.lamps.items()
                    if api in self.apis and api not in unread
                ],
                unread=unread,
            )
        return snapshot


class Lamps(History):
    """Nights of an estate with lamps."""

    def __init__(self, engine: Engine) -> None:
        """Begin with one empty account-region."""
        super().__init__(engine)
        self.region_made = LampRegion(AccountKey("aws", "111122223333"), "eu-central-1", "Shop", FIRST_NIGHT)
        self.regions.append(self.region_made)

    def judged(self, policy: Policy, *, full: bool = False) -> str:
        """Live through a night and judge lamps; return how."""
        run = self.collect()
        found = evaluate(self.engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, full=full)
        self.finish(run)
        return found.mode

    def collected(self) -> Run:
        """Live through a night without judging."""
        run = self.collect()
        self.finish(run)
        return run


@pytest.fixture
def lamp_type() -> ItemType:
    return LAMP


@pytest.fixture
def engines(postgres_servers: Servers, lamp_type: ItemType) -> Iterator[list[Engine]]:
    """Engines of databases with tables and views of lamps, while lamps are known."""
    with ExitStack() as open_ones:
        server = postgres_servers.get(EMBEDDED)
        urls = [open_ones.enter_context(server.database(migrated=True)) for _ in range(3)]
        made = [open_engine(url) for url in urls]
        # Known only once the databases are there: their migrations know nothing of lamps.
        open_ones.enter_context(known_as(lamp_type))
        tables = MetaData(naming_convention=metadata.naming_convention)
        item_tables(lamp_type, tables)
        for engine in made:
            with engine.begin() as connection:
                tables.create_all(connection)
                create_views(connection)
            with transaction(engine) as connection:
                connection.execute(policy_grants().encode())
        yield made
        for engine in made:
            engine.dispose()


@pytest.fixture
def lamps(engines: list[Engine]) -> Lamps:
    return Lamps(engines[0])


@pytest.fixture
def catalog(engines: list[Engine], lamp_type: ItemType, tmp_path: Path) -> Catalog:
    """The program's policies and one that judges lamps."""
    folder = tmp_path / "dim"
    folder.mkdir()
    # What is made of a logic is remembered by its text, which says for which of the declarations it is.
    logic = LOGIC.replace("payload alone", "shared payload alone") if lamp_type is ALIKE else LOGIC
    for name, content in (("policy.yaml", POLICY), ("logic.sql", logic), ("cases.yaml", CASES)):
        (folder / name).write_text(content, encoding="utf-8")
    for name in ("description.md", "remediation.md"):
        (folder / name).write_text("About lamps.\n", encoding="utf-8")
    return load_catalog([tmp_path])


@pytest.fixture
def policy(catalog: Catalog) -> Policy:
    return catalog.policy("/tests/lamps/dim")


def written(engine: Engine) -> list[Row]:
    """Return each row of lamps with the transaction that wrote it and where it lies."""
    tables = ("lamp", "lamp_payload", "lamp_closed")
    return [
        row
        for table in tables
        for row in ask(engine, f"SELECT item_id, xmin::text, ctid::text FROM cmdb.{table} ORDER BY ctid")
    ]


def versions(engine: Engine, lamp_id: str) -> list[tuple[Any, Any]]:
    """Return a lamp's versions as intervals of nights, the latest last."""
    rows = ask(
        engine,
        "SELECT v.valid_from, v.valid_to FROM ("
        "SELECT item_id, valid_from, valid_to FROM cmdb.lamp_closed "
        "UNION ALL SELECT item_id, valid_from, valid_to FROM cmdb.lamp) AS v "
        "JOIN cmdb.lamp AS l ON l.item_id = v.item_id WHERE l.lamp_id = %s ORDER BY v.valid_from",
        (lamp_id,),
    )
    return [(night(row["valid_from"]), night(row["valid_to"])) for row in rows]


def night(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - FIRST_NIGHT) // DAY + 1


def relation(engine: Engine, as_of: datetime, *, past: bool) -> list[Row]:
    """Return the relation of lamps as a policy sees it, all columns, as it is or was."""
    wanted = {"lamp": frozenset(COLUMNS)}
    made = relations_as_of(wanted) if past else relations_now(wanted)
    statement = f"WITH {made} SELECT {', '.join(COLUMNS)} FROM lamp ORDER BY item_id"
    return ask(engine, statement, {"as_of": as_of, "max_staleness": MAX_STALENESS})


def test_every_kind_of_field_is_stored_read_and_shown_as_it_was_given(lamps: Lamps) -> None:
    """Given a lamp with a value of every kind, in a column and in its payload, then all readers see them; and
    so after a change, which is stored by another statement."""
    lamps.region_made.api("api0000001")
    made = lamps.region_made.lamp("api0000001", "l1", {**VALUES}, **VALUES, certificateId="cert01")
    for number in range(2):
        made["name"] = f"lamp {number}"
        run = lamps.collected()
        expected = {**READ, **{f"inner_{name}": value for name, value in READ.items()}}
        expected |= {
            "name": f"lamp {number}",
            "bulbs": len(VALUES),
            "lamp_id": "l1",
            "certificate_id": "cert01",
        }
        (shown,) = ask(lamps.engine, "SELECT * FROM report.lamp")
        for source in (*relation(lamps.engine, run.as_of, past=False), shown):
            found = {name: source[name] for name in expected}
            for name in ("share", "inner_share"):
                found[name] = float(found[name])
            assert found == expected
        arn = "arn:aws:apigateway:eu-central-1::/restapis/api0000001/lamps/l1"
        assert (shown["resource_arn"], shown["rest_api_id"], shown["disappeared_at"]) == (
            arn,
            "api0000001",
            None,
        )
        listed = ask(lamps.engine, "SELECT resource_arn, name FROM report.item WHERE item_type = 'lamp'")
        assert listed == [{"resource_arn": arn, "name": f"lamp {number}"}]


def test_values_of_other_types_than_declared_are_null_and_stop_no_night(lamps: Lamps) -> None:
    wrong: dict[str, Any] = {
        "colour": 5, "lit": "true", "watts": 2**31, "seconds": 0.5, "share": "1", "made_at": "soon",
        "rooms": [1], "settings": None,
    }  # fmt: skip
    lamps.region_made.api("api0000001")
    made = lamps.region_made.lamp("api0000001", "l1", wrong, **wrong, certificateId={})
    for number in range(2):
        made["name"] = number
        run = lamps.collected()
        (row,) = relation(lamps.engine, run.as_of, past=False)
        names = ["name", "certificate_id", *wrong, *(f"inner_{name}" for name in wrong)]
        assert {name: row[name] for name in names} == dict.fromkeys(names)


def test_lamps_are_new_unchanged_changed_gone_back_and_unread(lamps: Lamps) -> None:
    region, engine = lamps.region_made, lamps.engine
    for api in ("api0000001", "api0000002"):
        region.api(api)
        for lamp_id in ("a", "b"):
            region.lamp(api, f"{lamp_id}{api[-1]}", {"watts": 5}, certificateId="cert01")
    # the second night changes nothing, and writes nothing
    lamps.collected()
    before = written(engine)
    assert len(before) == 8
    lamps.collected()
    assert written(engine) == before
    # the third changes a column, a field of the payload, and what is no change
    region.lamps["api0000001", "a1"]["colour"] = "red"
    region.lamps["api0000001", "b1"]["inner"]["watts"] = 6
    region.lamps["api0000002", "a2"]["status"] = "flickering"
    lamps.collected()
    assert len(written(engine)) == 10
    # on the fourth one is gone, one shows another certificate; on the fifth the first is back
    held = region.lamps.pop(("api0000001", "a1"))
    region.lamps["api0000001", "b1"]["certificateId"] = "cert02"
    lamps.collected()
    region.lamps["api0000001", "a1"] = held
    lamps.collected()
    # on the sixth the lamps of one API cannot be read, of which one is gone and one changed
    region.unread_lamps.add("api0000001")
    held = region.lamps.pop(("api0000001", "a1"))
    region.lamps["api0000001", "b1"]["colour"] = "blue"
    region.lamps["api0000002", "b2"]["colour"] = "blue"
    unread = lamps.collected()
    rows = {row["lamp_id"]: row for row in relation(engine, unread.as_of, past=False)}
    assert {name: night(row["read_at"]) for name, row in rows.items()} == {"a1": 5, "b1": 5, "a2": 6, "b2": 6}
    # on the seventh an API is gone and takes its lamps along; the eighth reads nothing at all
    region.unread_lamps.clear()
    region.lamps["api0000001", "a1"] = held
    del region.apis["api0000002"]
    lamps.collected()
    region.failure = DENIED
    lamps.collected()

    assert versions(engine, "a1") == [(1, 3), (3, 4), (5, None)]
    assert versions(engine, "b1") == [(1, 3), (3, 4), (4, 7), (7, None)]
    assert versions(engine, "a2") == [(1, 7)]
    assert versions(engine, "b2") == [(1, 6), (6, 7)]
    shown_since = "SELECT lamp_id, certificate_shown_at FROM cmdb.lamp ORDER BY 1"
    assert [night(row["certificate_shown_at"]) for row in ask(engine, shown_since)] == [5, 1, 4, 1]
    status = ask(engine, "SELECT status, error FROM report.scope_health WHERE item_type = 'lamp'")
    assert status == [{"status": "failed", "error": DENIED.message}]
    assert breaches(engine) == []


def lived(lamps: Lamps) -> Iterator[None]:
    """Change the estate from night to night, in every way that a policy over lamps could notice."""
    region = lamps.region_made
    region.certificate("cert01")
    one, other = region.api("api0000001"), region.api("api0000002")
    first = region.lamp("api0000001", "l1", {"watts": 5, "rooms": ["hall"]}, lit=True)
    second = region.lamp("api0000002", "l2", {"watts": 5}, certificateId="cert01")
    third = region.lamp("api0000002", "l3", {"watts": "many"})
    yield
    yield
    first["inner"]["watts"] = 100  # only in the payload
    yield
    first["inner"]["rooms"] = ["hall", "kitchen"]  # only subjects
    first["status"] = "flickering"
    yield
    del region.certificates["cert01"]
    third["inner"]["watts"] = 7
    yield
    region.certificate("cert01")
    first["lit"] = False
    yield
    one.endpoint_types = ("PRIVATE",)
    second["certificateId"] = "never"
    yield
    region.unread_lamps.add("api0000002")
    yield
    region.failure = DENIED
    for _ in range(5):
        yield
    region.failure = None
    region.unread_lamps.clear()
    held = region.lamps.pop(("api0000002", "l3"))
    yield
    one.endpoint_types = ("REGIONAL",)
    yield
    region.lamps["api0000002", "l3"] = held
    yield
    del region.apis["api0000002"]
    yield
    region.apis["api0000002"] = other
    second["certificateId"] = "cert01"
    region.lamp("api0000001", "l4", {"watts": 61, "rooms": ["attic"]}, lit=True)
    yield
    yield


@OWN_AND_SHARED
def test_every_past_night_is_read_as_it_was(lamps: Lamps) -> None:
    told = {}
    for _ in lived(lamps):
        run = lamps.collected()
        told[run.as_of] = relation(lamps.engine, run.as_of, past=False)
    assert max(len(rows) for rows in told.values()) == 4
    for as_of, rows in told.items():
        assert relation(lamps.engine, as_of, past=True) == rows
    assert relation(lamps.engine, FIRST_NIGHT - DAY, past=True) == []


def test_the_policys_own_cases_pass(engines: list[Engine], policy: Policy) -> None:
    assert set(policy.item_types) == {"acm_certificate", "client_certificate", "lamp", "rest_api"}
    with transaction(engines[0]) as connection:
        results = run_cases(connection, policy)
    assert {result.case: result.problems for result in results if not result.passed} == {}
    assert len(results) == 8


@OWN_AND_SHARED
def test_incremental_evaluation_full_evaluation_and_backfill_say_the_same(
    engines: list[Engine], policy: Policy
) -> None:
    """Given the same nights in three databases, when one judges what changed, one judges all, and one judges
    only at the end, then records, episodes and counts are the same."""
    assert policy.logic.composition.local is not None
    quick, thorough, late = (Lamps(engine) for engine in engines)
    modes = [quick.judged(policy) for _ in lived(quick)]
    assert modes == [FULL, *[INCREMENTAL] * (len(modes) - 1)]
    assert {thorough.judged(policy, full=True) for _ in lived(thorough)} == {FULL}
    for _ in lived(late):
        late.collected()
    expected = verdicts(thorough.engine)
    conditions = {row[4] for table in ("record", "record_closed") for row in expected[table]}
    assert conditions == {condition.name for condition in policy.conditions} - {"unexpected"}
    assert verdicts(quick.engine) == expected
    for sweeping in (True, False):
        run = runs.start(late.engine, RunKind.EVALUATE, late.last_as_of)
        backfill(late.engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, sweeping=sweeping)
        runs.finish(late.engine, run, RunStatus.COMPLETE, RunTotals())
        assert verdicts(late.engine) == expected


BESIDE = replace(
    LAMP, references=(Reference("certificate_id", "lamp", "The lamp beside it.", to_parent=True),)
)
LOGIC_BESIDE = (
    LOGIC.replace("payload alone", "lamp beside it")
    .replace(
        """LEFT JOIN certificate
    ON certificate.account_region_id = lamp.account_region_id
    AND certificate.certificate_id = lamp.certificate_id
""",
        """LEFT JOIN lamp AS other
    ON other.parent_id = lamp.parent_id
    AND other.lamp_id = lamp.certificate_id
""",
    )
    .replace(
        "certificate.item_id IS NULL OR certificate.absent_since >= lamp.certificate_shown_at",
        "other.item_id IS NULL OR other.disappeared_at IS NOT NULL OR other.inner_lit IS NOT TRUE",
    )
)
CASES_BESIDE = CASES.replace(
    """certificate_id: cert01, certificate_shown_at: -3d}
    certificate: {absent_since: -1d}
""",
    """certificate_id: beside}
""",
).replace("[lamp, rest_api, certificate]", "[lamp, rest_api]")


def test_names_that_the_database_has_a_use_for_are_refused(engine: Engine) -> None:
    words = ask(engine, "SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
    assert {row["word"] for row in words} <= RESERVED
    named = ask(
        engine, "SELECT relname FROM pg_class WHERE relnamespace = 'cmdb'::regnamespace AND relkind = 'r'"
    )
    of_types = {f"{one.name}{ending}" for one in item_types() for ending in ("", "_payload", "_closed")}
    assert {row["relname"] for row in named} - of_types == TABLES
    with (
        known_as(replace(LAMP, name="finding")),
        pytest.raises(DeclarationError, match="finding: a reporting view has that name"),
    ):
        view_texts()


@pytest.mark.parametrize("lamp_type", [BESIDE], ids=["beside"])
def test_items_that_refer_to_others_of_their_type_are_judged_by_them_and_dropped_with_them(
    engines: list[Engine], tmp_path: Path
) -> None:
    """Given lamps that name themselves or each other, when only what the other one shows changes, then what is judged
    of that alone is what is judged of all; and when all are gone, none keeps another one from being dropped."""
    files = {"policy.yaml": POLICY, "logic.sql": LOGIC_BESIDE, "cases.yaml": CASES_BESIDE}
    for name, content in {**files, "description.md": "Lamps.\n", "remediation.md": "Dim.\n"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    policy = load_catalog([tmp_path]).policy("/tests/lamps/dim")

    def living(lamps: Lamps) -> Iterator[None]:
        region = lamps.region_made
        region.api("api0000001")
        own = region.lamp("api0000001", "own", {"watts": 5, "lit": True}, certificateId="own")
        region.lamp("api0000001", "one", {"watts": 5, "lit": True}, certificateId="two")
        yield
        two = region.lamp("api0000001", "two", {"watts": 5, "lit": True}, certificateId="one")
        yield
        two["inner"]["lit"] = False
        yield
        two["inner"]["lit"] = True
        own["inner"]["lit"] = False
        yield
        held = region.lamps.pop(("api0000001", "two"))
        yield
        region.lamps["api0000001", "two"] = held
        yield
        region.lamps.clear()
        yield

    quick, thorough = (Lamps(engine) for engine in engines[:2])
    assert {quick.judged(policy) for _ in living(quick)} == {FULL, INCREMENTAL}
    assert {thorough.judged(policy, full=True) for _ in living(thorough)} == {FULL}
    assert verdicts(quick.engine) == verdicts(thorough.engine)
    changes = ask(
        quick.engine,
        "SELECT condition, valid_from FROM report.finding_history WHERE name = 'lamp one' ORDER BY valid_from",
    )
    assert [(row["condition"], night(row["valid_from"])) for row in changes] == [
        ("certificate_gone", 1),
        ("dim", 2),
        ("certificate_gone", 3),
        ("dim", 4),
        ("certificate_gone", 5),
        ("dim", 6),
        ("lamp_disappeared", 7),
    ]
    assert prune(quick.engine, quick.last_as_of).rows["lamp"] == 3


def explained(engine: Engine, catalog: Catalog, lamp_id: str, as_of: datetime | None = None) -> Explanation:
    with reading(engine) as connection:
        row = connection.execute("SELECT item_id FROM cmdb.lamp WHERE lamp_id = %s", (lamp_id,)).fetchone()
        assert row is not None
        (one,) = explain(connection, catalog, row[0], as_of=as_of)
    return one


def test_a_verdict_is_explained_by_branches_versions_and_subjects(
    lamps: Lamps, catalog: Catalog, policy: Policy
) -> None:
    for _ in lived(lamps):
        lamps.judged(policy)
    now = explained(lamps.engine, catalog, "l4")
    assert (now.status, now.condition, now.subjects) == ("INCOMPLIANT", "bright", ["attic"])
    assert now.message == "Lamp lamp l4 is too bright in attic."
    bright = explained(lamps.engine, catalog, "l1", FIRST_NIGHT + 3 * DAY)
    assert (bright.condition, bright.subjects, bright.message) == (
        "bright",
        ["hall", "kitchen"],
        "Lamp lamp l1 is too bright in hall, kitchen.",
    )
    assert [step.condition for step in bright.steps] == list(policy.logic.composition.conditions)
    (held,) = [step for step in bright.steps if step.held]
    assert held.saw == {"lamp.inner_watts": 100, "lamp.lit": True, ":most": 60}
    assert [(one.item, one.item_id) for one in bright.evidence] == [
        ("lamp", "api0000001/l1"),
        ("rest_api", "api0000001"),
    ]
    version = bright.evidence[0]
    assert (night(version.valid_from), night(version.valid_to), night(version.read_at)) == (4, 6, 4)
    assert version.facts["inner_watts"] == 100
    assert version.facts["inner_rooms"] == ["hall", "kitchen"]
    gone = explained(lamps.engine, catalog, "l2", FIRST_NIGHT + 4 * DAY)
    assert gone.condition == "certificate_gone"
    assert [one.item for one in gone.evidence] == ["lamp", "rest_api", "certificate"]
    assert gone.evidence[2].facts["absent_since"] == FIRST_NIGHT + 4 * DAY
    then = [explained(lamps.engine, catalog, "l3", FIRST_NIGHT + at * DAY).condition for at in (0, 4, 13)]
    assert then == ["watts_unknown", "dim", "lamp_disappeared"]


def test_findings_show_lamps_by_their_own_names(lamps: Lamps, policy: Policy) -> None:
    for _ in lived(lamps):
        lamps.judged(policy)
    found = ask(
        lamps.engine,
        "SELECT resource_arn, item_type, rest_api_id, stage_name, condition FROM report.finding ORDER BY 1",
    )
    arn = "arn:aws:apigateway:eu-central-1::/restapis/"
    assert [tuple(row.values()) for row in found] == [
        (f"{arn}api0000001/lamps/l1", "lamp", "api0000001", None, "dim"),
        (f"{arn}api0000001/lamps/l4", "lamp", "api0000001", None, "bright"),
        (f"{arn}api0000002/lamps/l2", "lamp", "api0000002", None, "dim"),
        (f"{arn}api0000002/lamps/l3", "lamp", "api0000002", None, "dim"),
    ]
    (row,) = ask(lamps.engine, "SELECT * FROM report.api_compliance WHERE api_id = 'api0000001'")
    assert (row["stages"], row["compliant"], row["incompliant"], row["api_name"]) == (2, 1, 1, "orders")


def test_lamps_are_exported_as_what_other_tools_can_take(
    lamps: Lamps, policy: Policy, tmp_path: Path
) -> None:
    """Given findings about items of a type that no list of another tool has, then exports are valid all the same."""
    for _ in lived(lamps):
        lamps.judged(policy)

    def exported(form: ExportFormat, *, history: bool = False) -> list[dict[str, Any]]:
        write_export(lamps.engine, Export(form, history=history), tmp_path / "out")
        return [json.loads(line) for line in (tmp_path / "out").read_text(encoding="utf-8").splitlines()]

    for history in (False, True):
        events = exported(ExportFormat.OCSF, history=history)
        assert [e.message for event in events for e in ocsf_validator().iter_errors(event)] == []
        assert {event["resources"][0]["type"] for event in events} == {"AWS::ApiGateway::Lamp"}
    (request,) = exported(ExportFormat.ASFF)
    assert asff_problems(request) == ""
    resources = {found["Resources"][0]["Id"][-2:]: found["Resources"][0] for found in request["Findings"]}
    assert resources["l4"]["Type"] == "Other"
    assert resources["l4"]["Details"]["Other"] == {
        "ItemType": "lamp", "Type": "AWS::ApiGateway::Lamp", "Name": "lamp l4",
    }  # fmt: skip
    now, past = exported(ExportFormat.JSON), exported(ExportFormat.JSON, history=True)
    assert {row["finding_id"] for row in now} <= {row["finding_id"] for row in past}
    assert len({row["finding_id"] for row in past}) == 4


@OWN_AND_SHARED
def test_what_is_past_the_limit_is_dropped_and_what_is_referred_to_stays(
    lamps: Lamps, policy: Policy, lamp_type: ItemType
) -> None:
    """Given lamps that went with their API, and one that shows a certificate that went, when history is dropped,
    then those are gone with all that was said of them, and the certificate stays with the lamp."""
    region = lamps.region_made
    for name in ("cert01", "cert02"):
        region.certificate(name)
    for api in ("api0000001", "api0000002"):
        region.api(api)
    stays = region.lamp("api0000001", "stays", {"watts": 5}, certificateId="cert01")
    region.lamp("api0000001", "goes", {"watts": 5}, certificateId="cert02")
    region.lamp("api0000002", "falls", {"watts": 5})
    lamps.judged(policy)
    stays["colour"] = "red"
    lamps.judged(policy)
    stays["colour"] = "blue"
    del region.apis["api0000002"], region.lamps["api0000001", "goes"]
    region.certificates.clear()
    lamps.judged(policy)
    for _ in range(3):
        lamps.judged(policy)
    finding = "SELECT resource_arn, condition, since FROM report.finding ORDER BY 1"
    before = ask(lamps.engine, finding)

    pruned = prune(lamps.engine, lamps.last_as_of - DAY)

    assert (pruned.rows["lamp"], pruned.rows["rest_api"], pruned.rows["certificate"]) == (2, 1, 1)
    assert ask(lamps.engine, "SELECT lamp_id FROM cmdb.lamp") == [{"lamp_id": "stays"}]
    assert ask(lamps.engine, "SELECT certificate_id FROM cmdb.certificate") == [{"certificate_id": "cert01"}]
    payloads = "SELECT (SELECT count(*) FROM cmdb.lamp) + count(*) AS n FROM cmdb.lamp_closed"
    expected = ask(lamps.engine, payloads) if lamp_type is ALIKE else [{"n": 1}]
    assert ask(lamps.engine, "SELECT count(*) AS n FROM cmdb.lamp_payload") == expected
    assert ask(lamps.engine, "SELECT count(*) AS n FROM compliance.record") == [{"n": 1}]
    assert ask(lamps.engine, finding) == before
    assert prune(lamps.engine, lamps.last_as_of - DAY).total == 0


def test_without_its_declaration_a_policy_over_lamps_is_refused(tmp_path: Path) -> None:
    assert "lamp" not in [declared.name for declared in item_types()]
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with pytest.raises(
        PolicyError, match=r"`resource_type` is 'aws.apigateway.lamp'; write one of aws.apigateway"
    ):
        load_catalog([tmp_path])


TRACED = {
    "policy.yaml": """\
id: /tests/stages/traced
name: Stage is traced
contextual_name: Stage is not traced
type: COMPLIANCE_POLICY
categories: [OPERATIONS]
severity: low
resource_type: aws.apigateway.stage
conditions:
  traced: {status: COMPLIANT, message: It is traced.}
  untraced: {status: INCOMPLIANT, message: It is not traced., remediation: Switch tracing on.}
""",
    "logic.sql": """\
-- Is active tracing on?
SELECT
    CASE
        WHEN stage.tracing_enabled THEN 'traced'
        ELSE 'untraced'
    END AS condition
FROM stage
""",
    "cases.yaml": """\
as_of: "2026-11-01T02:00:00Z"
cases:
  - {name: "on", stage: {tracing_enabled: true}, status: COMPLIANT, condition: traced, evidence: [stage]}
  - {name: "off", stage: {tracing_enabled: false}, status: INCOMPLIANT, condition: untraced}
  - {name: silent, status: INCOMPLIANT, condition: untraced}
""",
    "description.md": "Tracing.\n",
    "remediation.md": "Switch it on.\n",
}


def test_a_field_that_was_never_a_column_is_judged_tonight_and_on_all_past_nights(
    engine: Engine, tmp_path: Path
) -> None:
    """Given nights that nobody judged tracing on, when a policy asks for it, then its whole history is there."""
    assert not item_type("stage").field("tracing_enabled").stored
    named = "SELECT FROM information_schema.columns WHERE table_schema = 'cmdb' AND column_name = 'tracing_enabled'"
    assert ask(engine, named) == []
    history = History(engine)
    history.policies = []
    api = history.region().api("a1b2c3d4e5")
    stage = api.stage("prod", tracingEnabled=True)
    api.stage("dev")
    history.nights(2)
    stage.payload["tracingEnabled"] = False
    history.night()
    stage.payload["tracingEnabled"] = "yes"
    history.night()
    stage.payload["tracingEnabled"] = True
    history.nights(2)
    for name, content in TRACED.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    policy = load_catalog([tmp_path]).policy("/tests/stages/traced")
    with transaction(engine) as connection:
        assert [result.problems for result in run_cases(connection, policy)] == [()] * 3
    # when it is judged tonight
    run = history.collect()
    evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)
    shown = "SELECT stage_name, condition FROM report.finding ORDER BY 1"
    assert [tuple(row.values()) for row in ask(engine, shown)] == [("dev", "untraced"), ("prod", "traced")]
    # and when it is judged for all past nights
    for sweeping in (True, False):
        run = runs.start(engine, RunKind.EVALUATE, history.last_as_of)
        backfill(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, sweeping=sweeping)
        runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())
        rows = ask(
            engine,
            "SELECT stage_name, condition, valid_from, valid_to FROM report.finding_history ORDER BY 1, 3",
        )
        found = [(*tuple(row.values())[:2], night(row["valid_from"]), night(row["valid_to"])) for row in rows]
        assert found == [
            ("dev", "untraced", 1, None),
            ("prod", "traced", 1, 3),
            ("prod", "untraced", 3, 5),
            ("prod", "traced", 5, None),
        ]  # fmt: skip
    assert breaches(engine) == []
    # and a later night is judged by what changed alone
    stage.payload["tracingEnabled"] = False
    run = history.collect()
    tonight = evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
    history.finish(run)
    assert (tonight.mode, tonight.items, tonight.changed) == (INCREMENTAL, 1, 1)


def _of_type(folder: Path, name: str, resource_type: str, test: str) -> None:
    """Write a policy over items of a type of the program's, all of which are right that are there."""
    folder.mkdir()
    files = {
        "policy.yaml": TRACED["policy.yaml"]
        .replace("/tests/stages/traced", f"/tests/{name}")
        .replace("aws.apigateway.stage", resource_type),
        "logic.sql": f"SELECT CASE WHEN {test} THEN 'traced' ELSE 'untraced' END AS condition\nFROM {name}\n",
        "cases.yaml": 'as_of: "2026-11-01T02:00:00Z"\ncases:\n'
        "  - {name: right, status: COMPLIANT, condition: traced}\n"
        f"  - {{name: wrong, {name}: {{{name}_id: other}}, status: INCOMPLIANT, condition: untraced}}\n",
    }
    for file, content in {**TRACED, **files}.items():
        (folder / file).write_text(content, encoding="utf-8")


def test_items_that_end_with_others_or_that_nobody_follows_are_gone_for_policies_over_them(
    engine: Engine, tmp_path: Path
) -> None:
    """Given a deployment whose API goes and comes back, and a certificate of ACM that no stage names for a night, then
    a policy over each says that they are gone and back, at once, for all past nights, and until they are dropped."""
    _of_type(
        tmp_path / "one", "deployment", "aws.apigateway.deployment", "deployment.deployment_id = 'dep001'"
    )
    _of_type(
        tmp_path / "two",
        "certificate",
        "aws.apigateway.clientcertificate",
        "certificate.certificate_id = 'cert01'",
    )
    policies = load_catalog([tmp_path / "one", tmp_path / "two"]).enabled(["/tests/*"])
    history = History(engine)
    region = history.region()
    region.api("a1b2c3d4e5").stage("prod", certificate="cert01")
    region.certificate("cert01", kind=CertificateKind.ACM)

    def lived_through() -> None:
        run = history.collect()
        for policy in policies:
            evaluate(engine, policy, run, max_staleness=MAX_STALENESS, parameters={})
        history.finish(run)

    apis, certificates = dict(region.apis), dict(region.certificates)
    for there in (True, False, True, False, False):
        region.apis, region.certificates = (dict(apis), dict(certificates)) if there else ({}, {})
        lived_through()
    told = ask(
        engine,
        "SELECT policy_id, condition, valid_from FROM report.finding_history ORDER BY policy_id, valid_from",
    )
    assert [(row["policy_id"], row["condition"], night(row["valid_from"])) for row in told] == [
        (f"/tests/{name}", condition, first)
        for name in ("certificate", "deployment")
        for first, condition in enumerate(["traced", f"{name}_disappeared"] * 2, start=1)
    ]
    before = verdicts(engine)
    for sweeping in (True, False):
        for policy in policies:
            run = runs.start(engine, RunKind.EVALUATE, history.last_as_of)
            backfill(engine, policy, run, max_staleness=MAX_STALENESS, parameters={}, sweeping=sweeping)
            runs.finish(engine, run, RunStatus.COMPLETE, RunTotals())
        assert verdicts(engine) == before
    assert breaches(engine) == []
    for _ in range(2):  # the second drops what the stages dropped by the first referred to
        prune(engine, history.last_as_of - timedelta(hours=1))
    assert ask(engine, "SELECT item_id FROM compliance.record") == []
    assert ask(engine, "SELECT items FROM compliance.tally WHERE valid_to IS NULL") == []
