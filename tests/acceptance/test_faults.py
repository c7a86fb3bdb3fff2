"""Whatever call fails, on whatever page and in whatever way: nothing is closed, and the scope says so.

Every fault strikes in a region of its own, beside a calm region with the same things in it. The faults last
through three nights: the first night of all, one on which nothing happens, and one on which much does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gateledger.nightly.jobs import exit_code
from gateledger.nightly.summary import RunSummary
from gateledger.terminal.exits import ExitCode
from simulated_aws import Rule, SimulatedAws
from simulated_aws.regions import DEFAULT_REGIONS
from tests.support.checks import checksums
from tests.support.doses import at_length
from tests.support.faulty import FAULTS, Furnished, Page, add_faults, without_doubt
from tests.support.nights import ACCOUNT, MakeNights, Nights

CALM = "calm"
REGIONS = dict(zip([CALM, *FAULTS], DEFAULT_REGIONS["aws"], strict=False))
ITEMS = tuple(
    f"cmdb.{table}"
    for item in ("rest_api", "stage", "deployment", "certificate")
    for table in (item, f"{item}_closed")
)
BODY_FAULTS = frozenset({"cut-off", "cut-off-with-right-length", "garbled", "no-list", "null-list"})
APIS = frozenset({"rest_api", "stage", "deployment"})


@dataclass(frozen=True)
class Trouble:
    """Calls that fail, and the scopes that must say so.

    ``seldom``: they are not made every night. ``harmless``: faults that leave the answer as good as whole.
    """

    operation: str
    scopes: frozenset[str]
    page: Page = None
    of_one: Callable[[Furnished], str] | None = None
    seldom: bool = False
    harmless: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Name the test."""
        page = "" if self.page is None else f"-page-{self.page}"
        return f"{self.operation}{page}{'-of-one' if self.of_one else ''}"


def _orders(furnished: Furnished) -> str:
    return furnished.apis["orders"]


TROUBLES = [
    *(Trouble("GetRestApis", APIS, page) for page in (1, 2, "last")),
    Trouble("GetStages", frozenset({"stage", "deployment"})),
    Trouble("GetStages", frozenset({"stage", "deployment"}), of_one=_orders),
    Trouble("GetExport", frozenset({"deployment"}), seldom=True),
    Trouble("GetExport", frozenset({"deployment"}), of_one=_orders, seldom=True),
    *(Trouble("GetClientCertificates", frozenset({"client_certificate"}), page) for page in (1, 2, "last")),
    # A second look ends in NotFound, which a header says: the body may be damaged as it likes.
    Trouble("GetClientCertificate", frozenset({"client_certificate"}), seldom=True, harmless=BODY_FAULTS),
    Trouble("DescribeCertificate", frozenset({"acm_certificate"})),
    Trouble("DescribeCertificate", frozenset({"acm_certificate"}), of_one=lambda place: place.arns[1]),
]


@pytest.fixture
def estate_regions(aws: SimulatedAws) -> dict[str, Furnished]:
    """A region for each fault and one without, all furnished alike; pages hold two items."""
    aws.estate.page_limit = 2
    aws.estate.accounts[ACCOUNT].regions = list(REGIONS.values())
    return {name: Furnished(aws.estate.region(ACCOUNT, region)) for name, region in REGIONS.items()}


#: One for each way in which a call can be made: the others differ from them by page or operation alone.
EACH_KIND = frozenset(
    {
        "GetRestApis-page-last",
        "GetStages-of-one",
        "GetClientCertificate",
        "DescribeCertificate-of-one",
    }
)


@pytest.mark.parametrize(
    "trouble", at_length(TROUBLES, but=lambda trouble: str(trouble) in EACH_KIND), ids=str
)
def test_a_failing_call_closes_nothing_and_is_mended_by_the_next_clean_night(
    make_nights: MakeNights, estate_regions: dict[str, Furnished], trouble: Trouble
) -> None:
    # given a first night full of faults
    nights = make_nights(regions="enabled", threads="16")
    struck = {name: place for name, place in estate_regions.items() if name != CALM}

    def break_calls() -> None:
        rules.extend(
            add_faults(nights.aws, trouble.operation, struck, page=trouble.page, resource=trouble.of_one)
        )

    def mend() -> None:
        nights.mend(*rules)
        rules.clear()

    rules: list[Rule] = []
    break_calls()
    assert_said(nights, nights.night(), trouble)
    # when the next night is clean, all regions are as the calm one
    mend()
    assert_clean(nights, nights.night())
    assert_alike(nights, estate_regions)
    # when the same calls fail on a night on which nothing happens
    items, findings = checksums(nights.engine, *ITEMS), nights.findings()
    break_calls()
    summary = nights.night()
    if not trouble.seldom:
        assert_said(nights, summary, trouble)
    # then no item is opened or closed, and every finding is what it was
    assert checksums(nights.engine, *ITEMS) == items
    assert summary.items_changed == summary.findings_changed == 0
    assert said(nights.findings()) == said(findings)
    # when they fail while much happens
    for place in estate_regions.values():
        place.change()
    assert_said(nights, nights.night(), trouble)
    # then the next clean night mends it, and history shows no flip that the calm region has not
    mend()
    assert_clean(nights, nights.night())
    assert_alike(nights, estate_regions)


def assert_said(nights: Nights, summary: RunSummary, trouble: Trouble) -> None:
    """The run is incomplete, and in every region the scopes of the failing call say why, and no others."""
    assert exit_code(summary) == ExitCode.INCOMPLETE
    for name, region in REGIONS.items():
        scopes = nights.scopes(region=region)
        bad = {item_type for item_type, (status, _) in scopes.items() if status != "complete"}
        if name == "expired":
            # Without credentials no further call is made: the scopes that come after fail with it.
            assert bad >= trouble.scopes
        else:
            assert bad == (frozenset() if name in {CALM, *trouble.harmless} else trouble.scopes), name
        for item_type in bad:
            status, kind = scopes[item_type]
            assert status in {"failed", "partial"}, (name, item_type)
            assert kind in FAULTS[name][2], (name, item_type)


def assert_clean(nights: Nights, summary: RunSummary) -> None:
    """All was read."""
    assert exit_code(summary) == ExitCode.DONE
    for region in REGIONS.values():
        assert set(nights.scopes(region=region).values()) == {("complete", None)}


def assert_alike(nights: Nights, regions: dict[str, Furnished]) -> None:
    """Every region's stages stand where the calm one's stand, and claimed nothing else on the way."""
    calm = regions[CALM].histories(nights)
    for name, place in regions.items():
        histories = place.histories(nights)
        assert {stage: last[-1] for stage, last in histories.items()} == {
            stage: last[-1] for stage, last in calm.items()
        }, name
        assert {stage: without_doubt(each) for stage, each in histories.items()} == {
            stage: without_doubt(each) for stage, each in calm.items()
        }, name


def said(findings: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return findings without the times of reading and judging."""
    return [
        {name: value for name, value in row.items() if name not in {"evaluated_at", "evidence_at"}}
        for row in findings
    ]
