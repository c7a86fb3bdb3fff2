"""Past nights judged again over the relations as they were give what was recorded on those nights."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.support.checks import breaches, differences_to_replay
from tests.support.histories import DENIED, ApiMade, History, RegionMade
from tests.support.items import CertificateKind
from tests.support.questions import ask

NIGHTS = 16
CERTIFICATES = ("cert01", "cert02", "cert03", "never1")
ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/c1"
TYPES = (("HTTP",), ("AWS_PROXY", "MOCK"), (), None)
CONDITIONS = frozenset(
    {
        *("stage_disappeared", "inventory_stale", "private_endpoint", "integrations_unknown"),
        *("no_http_integration", "certificate_empty", "certificates_unknown", "certificate_deleted"),
        "certificate_present",
    }
)
ENDPOINTS = (("REGIONAL",), ("PRIVATE",), ("EDGE",))


class Drift:
    """An estate to which something happens before every night, drawn from a seed."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.history = History(engine)
        self._dice = random.Random(seed)  # noqa: S311 - dice, no secrets
        self._regions = [self.history.region(name=name) for name in ("eu-central-1", "us-east-1")]
        for region in self._regions:
            for certificate_id in CERTIFICATES[:3]:
                region.certificate(certificate_id, lives=timedelta(days=self._dice.choice((8, 35, 400))))
            for number in range(4):
                api = region.api(f"api{number}", types=self._dice.choice(TYPES))
                for name in ("prod", "beta"):
                    api.stage(name, self._certificate())

    def live(self, nights: int) -> None:
        """Live through nights, of which now and then some are missed."""
        for _ in range(nights):
            for _ in range(4):
                self._happen(self._dice.choice(self._regions))
            self.history.night(skip_days=self._dice.choice((0, 0, 0, 0, 2)))

    def _certificate(self) -> str | None:
        return self._dice.choice((*CERTIFICATES, ARN, "", None))

    def _happen(self, region: RegionMade) -> None:
        api = self._dice.choice(list(region.apis.values())) if region.apis else None
        lot = self._dice.randrange(9)
        if lot == 0:
            region.failure = DENIED if region.failure is None else None
        elif lot == 1:
            self._toggle_certificate(region, self._dice.choice((*CERTIFICATES[:3], ARN)))
        elif lot == 2 and "api0" in region.apis:
            del region.apis["api0"]
        elif api is None or lot == 2:
            region.api("api0", types=("HTTP",)).stage("prod", self._certificate())
        else:
            self._happen_to(api, lot)

    def _happen_to(self, api: ApiMade, lot: int) -> None:
        if lot == 3:
            api.unread = not api.unread
        elif lot == 4:
            api.types = self._dice.choice(TYPES)
        elif lot == 5:
            api.endpoint_types = self._dice.choice(ENDPOINTS)
        elif lot == 6 and api.stages.pop("beta", None) is None:
            api.stage("beta", self._certificate())
        else:
            for stage in api.stages.values():
                stage.certificate = self._certificate()

    @staticmethod
    def _toggle_certificate(region: RegionMade, certificate_id: str) -> None:
        if region.certificates.pop(certificate_id, None) is None:
            of_acm = certificate_id.startswith("arn:")
            kind = CertificateKind.ACM if of_acm else CertificateKind.API_GATEWAY
            region.certificate(certificate_id, kind=kind)
            region.absent.discard(certificate_id)
        else:
            region.absent.add(certificate_id)


@pytest.mark.both_servers
@pytest.mark.parametrize("seed", range(3))
def test_every_past_night_is_judged_again_as_it_was(engine: Engine, seed: int) -> None:
    # given nights on which much changes, regions and APIs are denied, and some nights are missed
    drift = Drift(engine, seed)
    drift.live(NIGHTS)
    # then each night's verdicts and evidence follow again from the relations as of that night
    assert differences_to_replay(engine) == []
    assert breaches(engine) == []
    # and the history was rich enough to show something
    conditions = {row["condition"] for row in ask(engine, "SELECT condition FROM report.finding_history")}
    assert len(conditions & CONDITIONS) >= len(CONDITIONS) - 2, conditions
