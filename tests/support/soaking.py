"""An organization that changes every day, and what was true of its stages on each of them.

What a stage rests on (itself, its REST API, its certificate) changes at most once in ``REST`` days. A reading
may then be some nights older than another one, as faults make it, without the two of them together telling of
a state that never was.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulated_aws import AccountRegion, Estate
from simulated_aws.estate.rest_apis import Stage

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-south-1")
#: Longer than a reading is trusted (72 hours).
REST = 5
GONE = "stage_disappeared"
_HTTP = ("HTTP_PROXY", "MOCK")
_OTHER = ("AWS_PROXY",)

Key = tuple[str, str, str, str]
"""Account, region, REST API and name of a stage."""


@dataclass
class Soaked:
    """An account-region, and when each thing in it was touched last."""

    place: AccountRegion
    dice: random.Random
    touched: dict[object, int] = field(default_factory=dict)

    def furnish(self) -> None:
        """Begin with something for every condition."""
        for number, (types, endpoint) in enumerate(
            ((_HTTP, "REGIONAL"), (_HTTP, "EDGE"), (_OTHER, "REGIONAL"), (_HTTP, "PRIVATE"))
        ):
            api = self.place.add_api(f"api {number}", integrations=types, endpoint_types=(endpoint,))
            self.place.add_stage(api.id, "bare")
            self.place.add_stage(api.id, "sure", certificate_id=self.place.create_certificate().id)

    def live(self, day: int) -> None:
        """Change a few things that have rested."""
        ways = (
            *(self._attach, self._detach, self._delete_certificate, self._reword),
            *(self._add_stage, self._delete_stage, self._add_api, self._delete_api),
            *(self._edit, self._deploy),
        )
        for _ in range(self.dice.randrange(4)):
            self.dice.choice(ways)(day)

    def truth(self) -> Iterator[tuple[Key, str]]:
        """Yield every stage with the condition that holds of it."""
        for api_id, api in self.place.apis.items():
            for name, stage in api.stages.items():
                key = (self.place.account_id, self.place.region, api_id, name)
                yield key, self._condition(api_id, stage)

    def _condition(self, api_id: str, stage: Stage) -> str:
        api, certificate = self.place.apis[api_id], stage.client_certificate_id
        if api.endpoint_types == ("PRIVATE",):
            return "private_endpoint"
        served = api.deployments[stage.deployment_id].definition
        methods = (method for of_path in served.paths.values() for method in of_path.values())
        if not any(method.integration and method.integration.type == "HTTP_PROXY" for method in methods):
            return "no_http_integration"
        if certificate is None:
            return "certificate_empty"
        return "certificate_present" if certificate in self.place.certificates else "certificate_deleted"

    def _rested(self, day: int, *things: object) -> bool:
        if any(day - self.touched.get(thing, -REST) < REST for thing in things):
            return False
        self.touched |= dict.fromkeys(things, day)
        return True

    def _stages(self) -> list[tuple[str, str]]:
        return [(api_id, name) for api_id, api in self.place.apis.items() for name in api.stages]

    def _certificate_of(self, stage: tuple[str, str]) -> str | None:
        return self.place.apis[stage[0]].stages[stage[1]].client_certificate_id

    def _some_stage(self, day: int) -> tuple[str, str] | None:
        stages = self._stages()
        found = self.dice.choice(stages) if stages else None
        return found if found and self._rested(day, found, found[0]) else None

    def _attach(self, day: int) -> None:
        if stage := self._some_stage(day):
            made = self.place.create_certificate().id
            self.touched[made] = day
            self.place.attach_certificate(*stage, made)

    def _detach(self, day: int) -> None:
        if stage := self._some_stage(day):
            self.place.detach_certificate(*stage)

    def _delete_certificate(self, day: int) -> None:
        if not self.place.certificates:
            return
        found = self.dice.choice(sorted(self.place.certificates))
        bearers = [stage for stage in self._stages() if self._certificate_of(stage) == found]
        if self._rested(day, found, *bearers):
            self.place.delete_certificate(found)

    def _add_stage(self, day: int) -> None:
        if self.place.apis and self._rested(day, found := self.dice.choice(sorted(self.place.apis))):
            name = f"made{day}"
            self.touched[found, name] = day
            self.place.add_stage(found, name)

    def _delete_stage(self, day: int) -> None:
        if stage := self._some_stage(day):
            self.place.delete_stage(*stage)

    def _add_api(self, day: int) -> None:
        made = self.place.add_api(f"made {day}", integrations=self.dice.choice((_HTTP, _OTHER)))
        self.place.add_stage(made.id, "prod")
        self.touched |= {made.id: day, (made.id, "prod"): day}

    def _delete_api(self, day: int) -> None:
        if len(self.place.apis) < 3:
            return
        found = self.dice.choice(sorted(self.place.apis))
        if self._rested(day, found, *(stage for stage in self._stages() if stage[0] == found)):
            self.place.delete_api(found)

    def _edit(self, day: int) -> None:
        """Edit a draft, which changes nothing of what its stages serve."""
        if self.place.apis:
            found = self.dice.choice(sorted(self.place.apis))
            self.place.set_integrations(found, self.dice.choice((_HTTP, _OTHER)), deploy=False)

    def _deploy(self, day: int) -> None:
        if stage := self._some_stage(day):
            self.place.deploy(*stage)

    def _reword(self, day: int) -> None:
        stages = self._stages()
        if stages:
            self.place.update_stage(*self.dice.choice(stages), description=f"of day {day}")


class Organization:
    """Account-regions of several accounts, and every stage's true conditions with the days they began on."""

    def __init__(self, estate: Estate, scopes: int, *, seed: int) -> None:
        """Furnish so many account-regions."""
        self.day = 0
        self.true: dict[Key, list[tuple[str, int]]] = {}
        dice = random.Random(seed)  # noqa: S311 - dice, no secrets
        self.places: list[Soaked] = []
        for number in range(scopes):
            account_id = f"2222{number // len(REGIONS):08d}"
            if account_id not in estate.accounts:
                count = min(len(REGIONS), scopes - number)
                estate.add_account(account_id, f"account {account_id[-3:]}", regions=list(REGIONS[:count]))
            place = estate.region(account_id, REGIONS[number % len(REGIONS)])
            self.places.append(Soaked(place, random.Random(dice.random())))  # noqa: S311
            self.places[-1].furnish()

    def live(self) -> None:
        """Live through a day, and note what is true in its evening."""
        self.day += 1
        now: dict[Key, str] = {}
        for place in self.places:
            if self.day > 1:
                place.live(self.day)
            now.update(place.truth())
        for key, condition in now.items():
            self._note(key, condition)
        for key in self.true.keys() - now.keys():
            self._note(key, GONE)

    def _note(self, key: Key, condition: str) -> None:
        known = self.true.setdefault(key, [])
        if not known or known[-1][0] != condition:
            known.append((condition, self.day))

    def untrue(self, key: Key, claims: Iterable[tuple[str, int]]) -> str | None:
        """Tell which claim (condition, day it began on) was never true before, if any.

        Nights of doubt may hide a truth; they may not invent one, nor bring one forward.
        """
        rest = iter(self.true.get(key, ()))
        for condition, day in claims:
            if not any(held == condition and since <= day for held, since in rest):
                return f"{key}: {condition} on day {day}, but in truth {self.true.get(key)}"
        return None
