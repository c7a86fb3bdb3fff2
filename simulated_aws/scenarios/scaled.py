"""Estates of any size for benchmarks and soaks: the same seed gives the same estate, in any process."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from simulated_aws.estate import AccountRegion, Estate, Populate
from simulated_aws.regions import regions_of

_FIRST_ACCOUNT = 100_000_000_000
_INTEGRATIONS = (("HTTP_PROXY",), ("HTTP", "MOCK"), ("AWS_PROXY",), ("HTTP_PROXY", "AWS"))
_STAGE_NAMES = ("prod", "staging", "dev", "test", "beta")


def scaled_estate(
    accounts: int,
    regions: int,
    apis_per_region: int,
    stages_per_api: int,
    certificates: int,
    *,
    seed: str = "scaled",
    share_of_empty: float = 0.0,
    now: datetime | None = None,
) -> Estate:
    """Return an organization of equal accounts; the first is the management account.

    ``certificates`` is per account-region in use, and every second stage names one. ``share_of_empty`` is
    the share of account-regions that hold nothing at all. What an account-region holds is made when it is
    first requested, so that 17,000 of them are ready at once; it depends on the seed, the account and the
    region only, not on the order of asking.
    """
    names = regions_of("aws")[:regions]
    if len(names) < regions:
        raise ValueError(f"AWS has {len(names)} regions here, not {regions}")
    populate = _filler(apis_per_region, stages_per_api, certificates, seed, share_of_empty)
    estate = Estate(seed=seed, now=now or datetime(2026, 11, 1, 2, 0, tzinfo=UTC), populate=populate)
    for number in range(accounts):
        estate.add_account(
            f"{_FIRST_ACCOUNT + number}", f"account-{number:05d}", regions=names, management=number == 0
        )
    return estate


def is_empty(seed: str, account_id: str, region: str, share_of_empty: float) -> bool:
    """Return whether an account-region of a scaled estate holds nothing."""
    dice = random.Random(f"{seed}/empty/{account_id}/{region}")  # noqa: S311 - dice, no secrets
    return dice.random() < share_of_empty


def redeploy(estate: Estate, share: float, *, seed: str) -> int:
    """Change the draft of a share of all REST APIs and deploy it to all their stages; return how many.

    Each of them gets one more path (``/added1``, ``/added2``, ...) of an integration type it has already, and
    one new deployment, which all its stages serve.
    """
    dice = random.Random(f"{seed}/redeploy")  # noqa: S311 - dice, no secrets
    changed = 0
    for place in estate.account_regions():
        for api in place.apis.values():
            if dice.random() >= share:
                continue
            kinds = sorted(kind for each in api.resources.values() for kind in each.integration_types)
            place.put_method(api.id, f"/added{len(api.resources)}", "GET", kinds[0])
            deployment = place.create_deployment(api.id)
            for name in api.stages:
                place.serve(api.id, name, deployment)
            changed += 1
    return changed


def _filler(
    apis_per_region: int, stages_per_api: int, certificates: int, seed: str, share_of_empty: float
) -> Populate:
    def fill(place: AccountRegion) -> None:
        if is_empty(seed, place.account_id, place.region, share_of_empty):
            return
        made = [place.create_certificate(f"client-{number:04d}").id for number in range(certificates)]
        for number in range(apis_per_region):
            kinds = _INTEGRATIONS[number % len(_INTEGRATIONS)]
            types = ("PRIVATE",) if number % 20 == 19 else ("REGIONAL",)
            api = place.add_api(f"api-{number:04d}", integrations=kinds, endpoint_types=types)
            for at in range(stages_per_api):
                round_number, name = divmod(at, len(_STAGE_NAMES))
                stage = _STAGE_NAMES[name] + (f"{round_number}" if round_number else "")
                chosen = made[(number + at) % len(made)] if made and (number + at) % 2 == 0 else None
                place.add_stage(api.id, stage, certificate_id=chosen)

    return fill
