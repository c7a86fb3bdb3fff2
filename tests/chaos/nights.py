"""A night that is going to be disturbed: what came before it, and what it must lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from cmdb.server.database import open_engine, upgrade
from simulated_aws import DEFAULT_ROLE, Estate, SimulatedAws
from tests.chaos.points import IS_LONG
from tests.support.checks import breaches
from tests.support.jobs import Ending, Job, Jobs

OWN, OTHER = "111111111111", "222222222222"
REGIONS = ("eu-central-1", "us-east-1")
FIRST = datetime(2026, 11, 1, 2, tzinfo=UTC)

#: What must be the same however often the night was disturbed. Keys, costs (deployments are not read twice) and
#: clocks are not.
VIEWS: Mapping[str, str] = {
    "finding": "to_jsonb(v) - 'item_id'",
    "finding_history": "to_jsonb(v) - 'item_id'",
    "episode": "to_jsonb(v) - 'item_id'",
    "compliance_daily": "to_jsonb(v)",
    "compliance_daily_total": "to_jsonb(v)",
    "time_to_remediate": "to_jsonb(v)",
    "certificate": "to_jsonb(v) - 'item_id'",
    "stage_history": "to_jsonb(v) - 'item_id' - 'version_id'",
    "scope_health": "to_jsonb(v) - '{items,calls,throttles,waited_seconds,duration_seconds}'::text[]",
}

#: The policies of the nights before, and of the night; those that are new judge the nights before as well.
#: At length all are enabled: what is judged by one more policy has no other moments to be disturbed at.
EARLIER, ENABLED = (
    ("rest-api-stage-*", None)
    if IS_LONG
    else ("rest-api-stage-*certificate*", "*certificate*,rest-api-tags,usage-plan-throttling")
)

Told = dict[str, list[str]]


def simulated() -> tuple[Estate, list[Any]]:
    """Return an estate, and its account-regions."""
    estate = Estate(seed="chaos", now=FIRST - timedelta(hours=6))
    estate.add_account(OWN, "Shop", regions=list(REGIONS), management=True)
    estate.add_account(OTHER, "Bank", regions=list(REGIONS))
    places = [estate.region(account, region) for account in (OWN, OTHER) for region in REGIONS]
    for place in places:
        kept = place.create_certificate("kept").id
        lost = place.create_certificate("lost").id
        for number in range(6):
            api = place.add_api(f"api {number}", integrations=("HTTP_PROXY", "MOCK"))
            place.add_stage(api.id, "prod", certificate_id=(kept, lost, None)[number % 3])
            place.add_stage(api.id, "test", certificate_id=kept)
    return estate, places


def disturb(places: list[Any]) -> None:
    """Change something of everything on AWS."""
    for place in places:
        lost = next(key for key, each in place.certificates.items() if each.description == "lost")
        kept = next(key for key, each in place.certificates.items() if each.description == "kept")
        apis = list(place.apis)
        place.delete_certificate(lost)
        place.attach_certificate(apis[2], "prod", kept)
        place.detach_certificate(apis[3], "prod")
        place.delete_stage(apis[4], "test")
        place.delete_api(apis[5])
        place.set_integrations(apis[0], ("MOCK",))
        new = place.add_api("new", integrations=("HTTP",))
        place.add_stage(new.id, "prod", certificate_id="ghost1")


@dataclass
class DisturbedNight:
    """The night after two quiet ones; everything it meets on AWS has changed.

    ``server_url`` names any database of the server; ``environment`` is what every command gets.
    """

    jobs: Jobs
    aws: SimulatedAws
    server_url: str
    environment: dict[str, str]
    expected: Told

    as_of = FIRST + timedelta(days=2)

    @property
    def arguments(self) -> list[str]:
        """The command line of the night."""
        return ["run", "--as-of", self.as_of.isoformat()]

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of a database as it was before the night."""
        with cloned(self.server_url, "chaos_before", "chaos_night") as url:
            yield url

    def start(self, url: str) -> Job:
        """Start the night."""
        return self.jobs.start(self.arguments, self.environment | {"GATELEDGER_DATABASE_URL": url})

    def run(self, url: str) -> Ending:
        """Live through the night undisturbed."""
        return self.start(url).wait()

    def recovers(self, url: str) -> None:
        """Run once more with the night's time, and find what an undisturbed night leads to."""
        ending = self.run(url)
        assert ending.code == 0, ending.output
        found = unwell(url)
        assert found == [], found
        assert_same(told(url), self.expected)


@contextmanager
def prepared(jobs: Jobs, server_url: str) -> Iterator[DisturbedNight]:
    """Live through two nights, keep the database, change AWS, and find out what the third night leads to."""
    estate, places = simulated()
    with SimulatedAws(estate) as aws:
        environment = aws.environment(OWN) | {
            "GATELEDGER_ACCOUNTS": "organization",
            "GATELEDGER_ROLE_NAME": DEFAULT_ROLE,
            "GATELEDGER_REGIONS": ",".join(REGIONS),
            "GATELEDGER_HASH_KEY": "of the tests, nothing secret",
            "GATELEDGER_THREADS": "4",
            "NO_COLOR": "1",
        }
        if ENABLED is not None:
            environment["GATELEDGER_POLICIES"] = ENABLED
        with database(server_url, "chaos_before") as before:
            engine = open_engine(before)
            upgrade(engine)
            engine.dispose()
            night = DisturbedNight(jobs, aws, server_url, environment, {})
            for day in range(2):
                estate.now = FIRST + timedelta(days=day, hours=-6)
                ending = jobs.run(
                    ["run", "--as-of", (FIRST + timedelta(days=day)).isoformat()],
                    # Some policies are new in the night, which judges the nights before under them.
                    environment | {"GATELEDGER_DATABASE_URL": before, "GATELEDGER_POLICIES": EARLIER},
                )
                assert ending.code == 0, ending.output
            estate.now = night.as_of - timedelta(hours=6)
            disturb(places)
            # Every answer takes a moment, so that there is a middle of the collection to be killed in.
            aws.latency_ms = 2
            with night.database() as url:
                ending = night.run(url)
                assert ending.code == 0, ending.output
                night.expected = told(url)
            assert night.expected["finding"], "the night told nothing"
            yield night


def told(url: str) -> Told:
    """Return what every view tells."""
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("SET join_collapse_limit = 1")
        return {
            view: [
                str(row[0])
                for row in connection.execute(
                    f"SELECT ({columns})::text FROM report.{view} AS v ORDER BY 1".encode()
                )
            ]
            for view, columns in VIEWS.items()
        }


def assert_same(actual: Told, expected: Told) -> None:
    """Fail with the rows that differ."""
    differing = []
    for view, rows in expected.items():
        shown, due = set(actual[view]), set(rows)
        differing += [f"{view} shows {row}" for row in sorted(shown - due)]
        differing += [f"{view} should show {row}" for row in sorted(due - shown)]
    assert not differing, "\n".join(differing[:20])


def unwell(url: str) -> list[str]:
    """Return every breach of an invariant of the history."""
    engine = open_engine(url)
    try:
        return [f"{breach['breach']}: {breach['subject']}" for breach in breaches(engine)]
    finally:
        engine.dispose()


@contextmanager
def database(server_url: str, name: str, template: str = "template0") -> Iterator[str]:
    """Give the URL of a database made from a template, dropped at the end."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        # A copied sequence takes the numbers that it logged ahead in its template for logged here as well: a
        # server killed before the next checkpoint would hand them out twice.
        connection.execute("CHECKPOINT")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def cloned(server_url: str, template: str, name: str) -> Any:
    """Give the URL of a copy of a database."""
    return database(server_url, name, template)
