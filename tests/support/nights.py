"""Nights of the real job: a simulated AWS that a test changes by day, boto3 over HTTP, a real database.

    nights = ...                                # the fixture of the acceptance tests
    stage = nights.stage(certificate=nights.certificate())
    nights.night()
    nights.place().delete_certificate(...)
    nights.night()
    assert nights.verdict(stage) == ("INCOMPLIANT", "certificate_deleted")

Nights count from 1 and are a day apart, so that times in assertions are plain numbers. A fault that is added
to ``aws.faults`` lasts until it is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from collectors.calls import RetryPolicy
from collectors.plan import CollectionPlan
from evaluator.catalog.policy import Policy
from gateledger.nightly import job as nightly
from gateledger.nightly.summary import RunSummary
from gateledger.settings.model import Settings
from gateledger.terminal.progress import SilentProgress
from simulated_aws import AccountRegion, Rule, SimulatedAws
from tests.support.checks import catalog
from tests.support.questions import ask, ask_file

FIRST_NIGHT = datetime(2026, 11, 1, 2, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "eu-central-1"
SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
EXPIRY = "/ce/ca/aws/apigateway/rest-api-stage-client-certificate-expiry"

#: As few tries and as short pauses as show every kind of failure; no quota, for nobody else is served.
IMPATIENT = RetryPolicy(throttled_tries=2, transient_tries=2, first_pause=0.001, longest_pause=0.002)
READ_TIMEOUT = 1.0

Verdict = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StageKey:
    """Where a stage is."""

    place: AccountRegion
    api_id: str
    name: str

    @property
    def arn(self) -> str:
        """ARN of the stage."""
        return f"arn:aws:apigateway:{self.place.region}::/restapis/{self.api_id}/stages/{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """What tells the stage from all others: API Gateway's ARNs carry no account."""
        return self.place.account_id, self.arn


@dataclass
class Nights:
    """The estate, the database, and what was told on each night so far."""

    engine: Engine
    aws: SimulatedAws
    settings: Settings
    day: int = 0
    told: dict[datetime, list[dict[str, Any]]] = field(default_factory=dict)
    """What report.finding said after each night, by the night's time."""

    def place(self, region: str = REGION, account_id: str = ACCOUNT) -> AccountRegion:
        """Return an account-region of the estate."""
        return self.aws.estate.region(account_id, region)

    def api(
        self,
        place: AccountRegion | None = None,
        *,
        integrations: Sequence[str | None] = ("HTTP_PROXY",),
        endpoint_types: Sequence[str] = ("REGIONAL",),
    ) -> str:
        """Create a REST API; return its id."""
        where = place or self.place()
        return where.add_api("orders", integrations=integrations, endpoint_types=endpoint_types).id

    def stage(
        self,
        name: str = "prod",
        *,
        place: AccountRegion | None = None,
        api_id: str | None = None,
        certificate: str | None = None,
        integrations: Sequence[str | None] = ("HTTP_PROXY",),
        endpoint_types: Sequence[str] = ("REGIONAL",),
    ) -> StageKey:
        """Create a stage, and a REST API for it unless one is given."""
        where = place or self.place()
        of = api_id or self.api(where, integrations=integrations, endpoint_types=endpoint_types)
        where.add_stage(of, name, certificate_id=certificate)
        return StageKey(where, of, name)

    def certificate(self, place: AccountRegion | None = None) -> str:
        """Create a client certificate; return its id."""
        return (place or self.place()).create_certificate().id

    def acm_certificate(self, place: AccountRegion | None = None) -> str:
        """Create a certificate of ACM; return its ARN."""
        return (place or self.place()).add_acm_certificate("client.example.com").arn

    def attach(self, stage: StageKey, certificate: str) -> None:
        """Let a stage name a certificate."""
        stage.place.attach_certificate(stage.api_id, stage.name, certificate)

    def detach(self, stage: StageKey) -> None:
        """Take a stage's certificate away."""
        stage.place.detach_certificate(stage.api_id, stage.name)

    def as_of(self, day: int | None = None) -> datetime:
        """Return the time of a day's night (by default the last one's)."""
        return FIRST_NIGHT + timedelta(days=(self.day if day is None else day) - 1)

    def skip(self, days: int) -> None:
        """Let days pass without a run."""
        self.day += days

    def night(self) -> RunSummary:
        """Live through a day and the run of its night."""
        self.day += 1
        self.aws.estate.now = self.as_of() - timedelta(hours=6)
        return self.again()

    def again(self) -> RunSummary:
        """Run once more with the time of the night that was."""
        summary = nightly.run(
            self.engine,
            self.settings,
            as_of=self.as_of(),
            progress=SilentProgress(),
            plan=impatient(nightly.collection_plan(self.settings, self._shipped())),
        )
        self.told[self.as_of()] = self.findings()
        return summary

    def _shipped(self) -> Sequence[Policy] | None:
        """Return the enabled policies where all come with the program; None: the job finds out."""
        return None if self.settings.policy_dirs else catalog().enabled(self.settings.policies)

    def nights(self, number: int) -> None:
        """Live through nights on which nothing happens."""
        for _ in range(number):
            self.night()

    def mend(self, *rules: Rule) -> None:
        """Take faults out of force."""
        for rule in rules:
            self.aws.faults.remove(rule)

    def rows(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a question to the database."""
        return ask(self.engine, statement, values)

    def findings(self) -> list[dict[str, Any]]:
        """Return report.finding as it is now."""
        return self.rows("SELECT * FROM report.finding ORDER BY policy_id, account_id, resource_arn")

    def finding(self, stage: StageKey, policy_id: str = SSL) -> dict[str, Any]:
        """Return what is said of a stage now; empty when nothing is."""
        found = self.rows(
            "SELECT * FROM report.finding WHERE policy_id = %s AND account_id = %s AND resource_arn = %s",
            (policy_id, *stage.key),
        )
        assert len(found) <= 1
        return found[0] if found else {}

    def verdict(self, stage: StageKey, policy_id: str = SSL) -> Verdict | None:
        """Return status and condition of a stage now; None when it is no finding."""
        found = self.finding(stage, policy_id)
        return (found["status"], found["condition"]) if found else None

    def since(self, stage: StageKey, policy_id: str = SSL) -> int:
        """Return the day on which the stage's status began."""
        return self.day_of(self.finding(stage, policy_id)["since"])

    def history(self, stage: StageKey, policy_id: str = SSL) -> list[tuple[str, int, int | None]]:
        """Return the stage's conditions, each with the days on which it began and ended."""
        found = self.rows(
            "SELECT condition, valid_from, valid_to FROM report.finding_history "
            "WHERE policy_id = %s AND account_id = %s AND resource_arn = %s ORDER BY valid_from",
            (policy_id, *stage.key),
        )
        return [
            (
                row["condition"],
                self.day_of(row["valid_from"]),
                None if row["valid_to"] is None else self.day_of(row["valid_to"]),
            )
            for row in found
        ]

    def episodes(self, stage: StageKey, policy_id: str = SSL) -> list[tuple[int, int | None, str | None]]:
        """Return the stage's incompliant episodes: days on which each began and ended, and what ended it."""
        account_id, arn = stage.key
        found = ask_file(
            self.engine,
            "episodes",
            {"policy_id": policy_id, "account_id": account_id, "resource_arn": arn},
        )
        return [
            (
                self.day_of(row["started_at"]),
                None if row["ended_at"] is None else self.day_of(row["ended_at"]),
                row["outcome"],
            )
            for row in found
        ]

    def scopes(self, **where: str) -> dict[str, tuple[str, str | None]]:
        """Return status and kind of failure by item type, in the account-region that ``where`` names."""
        place = {"account_id": ACCOUNT, "region": REGION, **where}
        found = self.rows(
            "SELECT item_type, status, failure_kind FROM report.scope_health "
            "WHERE account_id = %(account_id)s AND region = %(region)s",
            place,
        )
        return {row["item_type"]: (row["status"], row["failure_kind"]) for row in found}

    def asked(self, operation: str) -> int:
        """Return how often the simulated AWS was asked so since its log was cleared."""
        return sum(times for (name, _), times in self.aws.log.operations().items() if name == operation)

    @staticmethod
    def day_of(moment: datetime) -> int:
        """Return the day of a night's time."""
        days = (moment - FIRST_NIGHT) / timedelta(days=1)
        assert days == int(days), f"{moment} is no night's time"
        return int(days) + 1


#: Makes nights under settings given by their names, in text as the environment gives them.
MakeNights = Callable[..., Nights]


def impatient(plan: CollectionPlan) -> CollectionPlan:
    """Return the plan without quota, with few tries, short pauses and short time-outs."""
    return replace(plan, quota=None, retries=IMPATIENT, read_timeout=READ_TIMEOUT)
