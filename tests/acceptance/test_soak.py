"""Weeks in which one call in twenty fails: nothing is told that did not happen, and nothing stays wrong."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from collectors.errors import CollectionError
from simulated_aws import DEFAULT_ROLE, Estate, SimulatedAws
from tests.support.faulty import without_doubt
from tests.support.nights import SSL, MakeNights, Nights
from tests.support.soaking import Key, Organization

NIGHTS = int(os.environ.get("GATELEDGER_SOAK_NIGHTS") or 12)
SCOPES = int(os.environ.get("GATELEDGER_SOAK_SCOPES") or 6)
SEED = int(os.environ.get("GATELEDGER_SOAK_SEED") or 1)
FAILING = 0.05


@pytest.fixture
def organization(estate: Estate) -> Organization:
    return Organization(estate, SCOPES, seed=SEED)


def test_a_soak_in_faults_invents_nothing_and_ends_equal_to_aws(
    organization: Organization, aws: SimulatedAws, make_nights: MakeNights
) -> None:
    # given an organization of which some change every day, and calls that fail at random
    nights = make_nights(accounts="organization", role_name=DEFAULT_ROLE, regions="enabled", threads="8")
    lost = troubled = 0
    for number in range(NIGHTS):
        organization.live()
        aws.faults.at_random(FAILING, seed=SEED * 1000 + number)
        try:
            summary = nights.night()
        except CollectionError:
            # Not even the organization could be asked: no run, no history.
            lost += 1
        else:
            troubled += summary.scopes_failed > 0
    asked = aws.log.entries()
    faults = Counter(entry.fault for entry in asked if entry.fault)

    # when everything answers again
    aws.faults.clear()
    organization.live()
    nights.night()

    # then no stage's history claims what was not so
    claims = claimed(nights)
    assert [told for key, claim in claims.items() if (told := organization.untrue(key, claim))] == []
    # and what is held now is what is there
    assert held_stages(nights) == true_stages(organization)
    assert held_certificates(nights) == true_certificates(organization)
    assert current(nights) == {
        key: known[-1][0] for key, known in organization.true.items() if known[-1][0] != "stage_disappeared"
    }
    flips = sum(len(known) - 1 for known in organization.true.values())
    print(
        f"\n{NIGHTS} nights over {SCOPES} account-regions, {len(asked)} calls, {sum(faults.values())} faults "
        f"{dict(sorted(faults.items()))}, {troubled} nights incomplete, {lost} lost; "
        f"{len(organization.true)} stages, {flips} true flips, {sum(map(len, claims.values()))} claims"
    )
    assert sum(faults.values()) > NIGHTS
    assert troubled > 0
    assert flips > NIGHTS


def claimed(nights: Nights) -> dict[Key, list[tuple[str, int]]]:
    """Return what each stage's history claims: conditions and the days that they began on."""
    rows = nights.rows(
        "SELECT account_id, region, rest_api_id, stage_name, condition, valid_from "
        "FROM report.finding_history WHERE policy_id = %s ORDER BY valid_from",
        (SSL,),
    )
    found: dict[Key, list[tuple[str, int]]] = {}
    for row in rows:
        key = (row["account_id"], row["region"], row["rest_api_id"], row["stage_name"])
        known = found.setdefault(key, [])
        last = [condition for condition, _ in known]
        if without_doubt([*last, row["condition"]]) != last:
            known.append((row["condition"], nights.day_of(row["valid_from"])))
    return found


def current(nights: Nights) -> dict[Key, str]:
    rows = nights.rows(
        "SELECT account_id, region, rest_api_id, stage_name, condition FROM report.finding "
        "WHERE policy_id = %s",
        (SSL,),
    )
    return {tuple(row.values())[:4]: row["condition"] for row in rows}  # type: ignore[misc]


def held_stages(nights: Nights) -> Counter[tuple[object, ...]]:
    rows = nights.rows(
        "SELECT a.account_id, r.region, p.rest_api_id, p.name, s.stage_name, s.deployment_id, "
        "s.client_certificate_id, y.payload->>'description' AS description "
        "FROM cmdb.stage AS s JOIN cmdb.stage_payload AS y USING (item_id) "
        "JOIN cmdb.rest_api AS p ON p.item_id = s.parent_id "
        "JOIN cmdb.account_region AS r ON r.account_region_id = s.account_region_id "
        "JOIN cmdb.account AS a USING (account_key) WHERE s.valid_to IS NULL AND p.valid_to IS NULL"
    )
    return Counter(tuple(row.values()) for row in rows)


def true_stages(organization: Organization) -> Counter[tuple[object, ...]]:
    return Counter(
        (
            *(one.place.account_id, one.place.region, api_id, api.name, name),
            *(stage.deployment_id, stage.client_certificate_id, stage.settings.get("description")),
        )
        for one in organization.places
        for api_id, api in one.place.apis.items()
        for name, stage in api.stages.items()
    )


def held_certificates(nights: Nights) -> Counter[tuple[object, ...]]:
    rows = nights.rows(
        "SELECT a.account_id, r.region, c.certificate_id, c.expires_at FROM cmdb.certificate AS c "
        "JOIN cmdb.account_region AS r USING (account_region_id) JOIN cmdb.account AS a USING (account_key) "
        "WHERE c.valid_to IS NULL"
    )
    return Counter(tuple(row.values()) for row in rows)


def true_certificates(organization: Organization) -> Counter[tuple[object, ...]]:
    return Counter(
        (one.place.account_id, one.place.region, found.id, found.expires_at)
        for one in organization.places
        for found in one.place.certificates.values()
    )
