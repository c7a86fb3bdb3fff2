"""Every way in which a call to AWS can fail, each in a place of its own, beside a place without faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from simulated_aws import AccountRegion, FaultKind, Rule, SimulatedAws
from tests.support.nights import SSL, Nights
from tests.support.questions import ask

Page = int | Literal["last"] | None

#: Name of a fault -> the fault, its details, and the kinds of failure that it may be told as.
FAULTS: Mapping[str, tuple[FaultKind, dict[str, Any], frozenset[str]]] = {
    "denied": (FaultKind.DENIED, {}, frozenset({"denied"})),
    "expired": (FaultKind.EXPIRED_TOKEN, {}, frozenset({"credentials"})),
    "throttled": (FaultKind.THROTTLED, {}, frozenset({"throttled"})),
    "cut-off": (FaultKind.CUT_OFF, {}, frozenset({"malformed", "unreachable"})),
    "cut-off-with-right-length": (FaultKind.CUT_OFF, {"honest_length": True}, frozenset({"malformed"})),
    "garbled": (FaultKind.MALFORMED_JSON, {}, frozenset({"malformed"})),
    "no-list": (FaultKind.MISSING_LIST_KEY, {}, frozenset({"malformed"})),
    "null-list": (FaultKind.NULL_LIST, {}, frozenset({"malformed"})),
    "timeout": (FaultKind.TIMEOUT, {}, frozenset({"unreachable"})),
    "reset": (FaultKind.CONNECTION_RESET, {}, frozenset({"unreachable"})),
    "error-500": (FaultKind.SERVER_ERROR, {"status": 500}, frozenset({"unreachable"})),
    "error-503": (FaultKind.SERVER_ERROR, {"status": 503}, frozenset({"unreachable"})),
}

#: Conditions that claim nothing.
_UNDETERMINED = frozenset({"inventory_stale", "integrations_unknown", "certificates_unknown", "unexpected"})


@dataclass
class Furnished:
    """An account-region with the same things in it as all others: something for every condition."""

    place: AccountRegion
    apis: dict[str, str] = field(default_factory=dict)
    certificates: list[str] = field(default_factory=list)
    arns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = self.place
        self.certificates = [place.create_certificate(f"client {number}").id for number in range(5)]
        gone = place.create_certificate("gone").id
        place.delete_certificate(gone)
        self.arns = [place.add_acm_certificate(f"client{number}.example.com").arn for number in range(2)]
        orders = self._api("orders", ["HTTP_PROXY", "HTTP", "MOCK", "AWS", "HTTP_PROXY"])
        named = {"named": self.certificates[0], "gone": gone, "acm": self.arns[0], "acm-too": self.arns[1]}
        for name, certificate in named.items():
            place.add_stage(orders, name, certificate_id=certificate)
        place.add_stage(orders, "bare")
        place.add_stage(self._api("lambda", ["AWS_PROXY"]), "prod")
        place.add_stage(self._api("inside", ["HTTP"], endpoint_types=("PRIVATE",)), "prod")
        place.add_stage(self._api("losing", ["HTTP"]), "prod", certificate_id=self.certificates[1])
        place.add_stage(self._api("going", ["HTTP"]), "prod")

    def _api(
        self, name: str, integrations: Sequence[str], *, endpoint_types: Sequence[str] = ("REGIONAL",)
    ) -> str:
        made = self.place.add_api(name, integrations=integrations, endpoint_types=endpoint_types)
        self.apis[name] = made.id
        return made.id

    def change(self) -> None:
        """Let everything happen that can: certificates and stages go and come, backends and APIs change."""
        place, apis = self.place, self.apis
        place.delete_certificate(self.certificates[0])
        place.attach_certificate(apis["orders"], "bare", place.create_certificate("new").id)
        place.delete_acm_certificate(self.arns[0])
        place.add_stage(apis["orders"], "young", certificate_id=self.certificates[2])
        place.set_integrations(apis["lambda"], ["HTTP_PROXY"])
        place.delete_stage(apis["losing"], "prod")
        place.delete_api(apis["going"])

    def histories(self, nights: Nights) -> dict[str, list[str]]:
        """Return the conditions that each stage (``orders/bare``) went through."""
        names = {api_id: name for name, api_id in self.apis.items()}
        rows = ask(
            nights.engine,
            "SELECT rest_api_id, stage_name, condition FROM report.finding_history "
            "WHERE policy_id = %s AND account_id = %s AND region = %s ORDER BY valid_from",
            (SSL, self.place.account_id, self.place.region),
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(f"{names[row['rest_api_id']]}/{row['stage_name']}", []).append(row["condition"])
        return found


def without_doubt(conditions: Sequence[str]) -> list[str]:
    """Return what a history claims: its conditions but those that claim nothing, each once in a row."""
    claimed: list[str] = []
    for condition in conditions:
        if condition not in _UNDETERMINED and claimed[-1:] != [condition]:
            claimed.append(condition)
    return claimed


def add_faults(
    aws: SimulatedAws,
    operation: str,
    places: Mapping[str, Furnished],
    *,
    page: Page = None,
    resource: Callable[[Furnished], str] | None = None,
) -> list[Rule]:
    """Let an operation fail in each place by the fault that the place is named after."""
    rules = []
    for name, furnished in places.items():
        kind, details, _ = FAULTS[name]
        rules.append(
            aws.faults.add(
                kind,
                operation,
                account_id=furnished.place.account_id,
                region=furnished.place.region,
                resource_id=None if resource is None else resource(furnished),
                page=page,
                **details,
            )
        )
    return rules
