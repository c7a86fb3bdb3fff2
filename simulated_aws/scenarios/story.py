"""What happens to the demo organization from night to night: the same every time.

A fixed story of named stages, laid out over however many nights there are, and a little everyday drift
around it. Some faults last: a REST API whose methods nobody may read, a region whose certificates are
denied, and (from the fourth night before the end) a region that is denied altogether.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulated_aws.estate import AccountRegion
from simulated_aws.faults import FaultKind, Faults, Rule
from simulated_aws.scenarios.demo_estate import (
    ACTIVE_ACCOUNTS,
    CENTRAL,
    PAYMENTS,
    PLATFORM,
    REGIONS,
    SHOP,
    WEST,
    HttpKey,
    StageKey,
    demo_estate,
)

OUTAGE_NIGHTS = 3
DENIED_NIGHTS = 4
"""A region denied so long is older than 72 hours on the last night, and its stages become stale."""


class DemoNights:
    """The demo's nights. Hand ``estate`` and ``faults`` to ``SimulatedAws``; ``advance`` before each run."""

    def __init__(self, nights: int, *, last_night: datetime, seed: str = "demo") -> None:
        if nights < 1:
            raise ValueError("a demo has at least one night")
        self.nights = nights
        self.management_account_id = PLATFORM
        self._last_night = last_night
        self._done = 0
        self._dice = random.Random(f"{seed}/nights")  # noqa: S311 - dice, no secrets
        self.estate, self.cast = demo_estate(self.as_of(1), seed=seed)
        self.faults = Faults()
        self._passing: list[Rule] = []
        self._plan: dict[int, list[Callable[[], str]]] = {}
        self._write_story()
        self._lasting_faults()

    def as_of(self, night: int) -> datetime:
        """Return when a night's run takes place; nights count from 1 and are a day apart."""
        if not 1 <= night <= self.nights:
            raise ValueError(f"there are nights 1 to {self.nights}, not {night}")
        return self._last_night - timedelta(days=self.nights - night)

    def advance(self, night: int) -> list[str]:
        """Let the day before a night happen; return what happened, a sentence each. Call once, in order."""
        if night != self._done + 1:
            raise ValueError(f"night {self._done + 1} comes next, not night {night}")
        moment = self.as_of(night)
        self._done = night
        for rule in self._passing:
            self.faults.remove(rule)
        self._passing = []
        with self.estate.lock:
            self.estate.now = moment - timedelta(hours=6)
            told = [happens() for happens in self._plan.get(night, [])]
            if night > 1:
                told += self._everyday_drift()
        return told + self._bad_luck(night)

    def stage(self, who: str) -> StageKey:
        """Return where a stage of the story is, by its name (``checkout``, ``wishlist``, ...)."""
        return self.cast.stages[who]

    def _place(self, key: StageKey) -> AccountRegion:
        return self.estate.region(key.account_id, key.region)

    def _at(self, share: float, happens: Callable[[], str]) -> None:
        """Plan an event at a share of the nights, never on the first one."""
        night = max(2, round(1 + share * (self.nights - 1)))
        self._plan.setdefault(night, []).append(happens)

    def _write_story(self) -> None:
        self._at(0.2, lambda: self._attach_new("checkout"))
        self._at(0.55, lambda: self._detach("checkout"))
        self._at(0.85, lambda: self._attach_new("checkout"))
        self._at(0.3, lambda: self._delete_certificate("wishlist"))
        self._at(0.5, lambda: self._restore_certificate("wishlist"))
        self._at(0.9, lambda: self._delete_certificate("wishlist"))
        self._at(0.4, lambda: self._set_http("newsletter"))
        self._at(0.5, lambda: self._rotate("settlement"))
        self._at(0.7, self._delete_acm)
        self._at(0.35, lambda: self._delete_stage("directory"))
        self._at(0.6, lambda: self._restore_stage("directory"))
        self._at(0.65, lambda: self._delete_stage("beta-portal"))
        self._at(0.25, lambda: self._authorize("storefront"))
        self._at(0.45, lambda: self._name_origins("storefront"))
        self._at(0.6, lambda: self._attach_to_socket("chat"))
        self._at(0.75, lambda: self._authorize("chat"))
        self._at(0.9, lambda: self._delete_socket_certificate("chat"))

    def _lasting_faults(self) -> None:
        legacy = self.stage("legacy-import")
        self.faults.add(FaultKind.DENIED, "GetExport", account_id=PAYMENTS, resource_id=legacy.api_id)
        for operation in ("GetClientCertificates", "GetClientCertificate"):
            self.faults.add(FaultKind.DENIED, operation, account_id=PLATFORM, region=WEST)

    def _bad_luck(self, night: int) -> list[str]:
        """Faults of one night: an outage of a region, a denied region at the end, a throttle now and then."""
        told = []
        outage = max(2, self.nights // 3)
        if outage <= night < outage + OUTAGE_NIGHTS:
            for operation in ("GetRestApis", "GetClientCertificates"):
                self._tonight(FaultKind.SERVER_ERROR, operation, account_id=PAYMENTS, region=WEST, status=503)
            told.append(f"API Gateway answers nothing in Payments, {WEST}")
        if night > max(1, self.nights - DENIED_NIGHTS):
            self._tonight(FaultKind.DENIED, "GetRestApis", account_id=SHOP, region=WEST)
            told.append(f"a service control policy denies Northwind Shop its {WEST}")
        if night % 3 == 0:
            self._tonight(FaultKind.THROTTLED, "GetStages", account_id=SHOP, region=CENTRAL, nth=3, times=1)
            told.append(
                f"somebody else's script uses up the quota in Northwind Shop, {CENTRAL}, for a moment"
            )
        return told

    def _tonight(
        self,
        kind: FaultKind,
        operation: str,
        *,
        account_id: str,
        region: str,
        status: int = 500,
        nth: int = 1,
        times: int | None = None,
    ) -> None:
        rule = self.faults.add(
            kind, operation, account_id=account_id, region=region, status=status, nth=nth, times=times
        )
        self._passing.append(rule)

    def _everyday_drift(self) -> list[str]:
        """Three small changes a night, anywhere outside the story."""
        told = []
        for _ in range(3):
            place = self.estate.region(self._dice.choice(ACTIVE_ACCOUNTS), self._dice.choice(REGIONS))
            api = self._dice.choice(
                [each for each in place.apis.values() if "story" not in each.settings["tags"]]
            )
            name = self._dice.choice(sorted(api.stages)) if api.stages else None
            lot = self._dice.random()
            if name is None or lot < 0.2:
                made = f"feature-{self._dice.randrange(1000)}"
                place.add_stage(api.id, made)
                told.append(f"{api.name} gets a stage {made}")
            elif lot < 0.35:
                place.delete_stage(api.id, name)
                told.append(f"{api.name} loses its stage {name}")
            elif lot < 0.65:
                place.attach_certificate(api.id, name, self._dice.choice(sorted(place.certificates)))
                told.append(f"{api.name}/{name} gets a client certificate")
            elif lot < 0.8:
                place.detach_certificate(api.id, name)
                told.append(f"{api.name}/{name} is left without a client certificate")
            else:
                place.deploy(api.id, name)
                told.append(f"{api.name}/{name} is deployed anew")
        return told

    def _attach_new(self, who: str) -> str:
        key = self.stage(who)
        made = self._place(key).create_certificate(who)
        self.cast.certificates[who] = made.id
        self._place(key).attach_certificate(key.api_id, key.name, made.id)
        return f"{who} gets a client certificate of its own"

    def _detach(self, who: str) -> str:
        key = self.stage(who)
        self._place(key).detach_certificate(key.api_id, key.name)
        return f"{who} loses its client certificate in a redeployment"

    def _rotate(self, who: str) -> str:
        old = self.cast.certificates[who]
        self._attach_new(who)
        self._place(self.stage(who)).delete_certificate(old)
        return f"{who} rotates its client certificate"

    def _delete_certificate(self, who: str) -> str:
        self._place(self.stage(who)).delete_certificate(self.cast.certificates[who])
        return f"the client certificate that {who} names is deleted"

    def _restore_certificate(self, who: str) -> str:
        self._place(self.stage(who)).restore_certificate(self.cast.certificates[who])
        return f"the client certificate that {who} names is back"

    def _delete_acm(self) -> str:
        self.estate.region(PAYMENTS, CENTRAL).delete_acm_certificate(self.cast.certificates["partners"])
        return "the ACM certificate that partners names is deleted"

    def _set_http(self, who: str) -> str:
        key = self.stage(who)
        self._place(key).set_integrations(key.api_id, ["HTTP_PROXY"])
        return f"{who} moves from Lambda to an HTTP backend"

    def _http(self, who: str) -> tuple[HttpKey, AccountRegion]:
        key = self.cast.http_apis[who]
        return key, self.estate.region(key.account_id, key.region)

    def _authorize(self, who: str) -> str:
        key, place = self._http(who)
        place.update_route(key.api_id, key.route_id, authorizationType="AWS_IAM")
        return f"the routes of {who} ask for authorization"

    def _name_origins(self, who: str) -> str:
        key, place = self._http(who)
        place.update_http_api(key.api_id, corsConfiguration={"allowOrigins": ["https://shop.example.com"]})
        return f"{who} names the origins that may call it"

    def _attach_to_socket(self, who: str) -> str:
        key, place = self._http(who)
        made = place.create_certificate(who)
        self.cast.certificates[who] = made.id
        place.update_http_stage(key.api_id, "live", clientCertificateId=made.id)
        return f"the stage of {who} gets a client certificate"

    def _delete_socket_certificate(self, who: str) -> str:
        _, place = self._http(who)
        place.delete_certificate(self.cast.certificates[who])
        return f"the client certificate that {who} names is deleted"

    def _delete_stage(self, who: str) -> str:
        key = self.stage(who)
        self._place(key).delete_stage(key.api_id, key.name)
        return f"the stage of {who} is deleted"

    def _restore_stage(self, who: str) -> str:
        key = self.stage(who)
        self._place(key).restore_stage(key.api_id, key.name)
        return f"the stage of {who} is back"


def demo_nights(nights: int = 7, *, last_night: datetime | None = None, seed: str = "demo") -> DemoNights:
    """Return the demo's nights; the last one is by default the latest 02:00 UTC that is past."""
    if last_night is None:
        present = datetime.now(UTC)
        last_night = present.replace(hour=2, minute=0, second=0, microsecond=0)
        if last_night > present:
            last_night -= timedelta(days=1)
    return DemoNights(nights, last_night=last_night, seed=seed)
