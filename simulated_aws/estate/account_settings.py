"""What API Gateway keeps per account and region: its settings (GetAccount) and usage plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simulated_aws.estate.ground import Ground, refuse_unknown

PLAN_SETTINGS = frozenset({"description", "apiStages", "throttle", "quota", "productCode", "tags"})
"""Usage plan fields a caller may set freely."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """API Gateway's settings of an account-region; limits are AWS's defaults of requests a second."""

    cloudwatch_role_arn: str | None = None
    burst_limit: int = 5000
    rate_limit: float = 10000.0
    features: tuple[str, ...] = ("UsagePlans",)
    api_key_version: str = "4"

    def wire(self) -> dict[str, Any]:
        """Return the settings as GetAccount writes them."""
        body: dict[str, Any] = {
            "throttleSettings": {"burstLimit": self.burst_limit, "rateLimit": self.rate_limit},
            "features": list(self.features),
            "apiKeyVersion": self.api_key_version,
        }
        if self.cloudwatch_role_arn is not None:
            body["cloudwatchRoleArn"] = self.cloudwatch_role_arn
        return body


@dataclass(slots=True)
class UsagePlan:
    """A usage plan: stages, limits and a quota for holders of its API keys."""

    id: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """Return the plan as GetUsagePlans writes it."""
        return {"id": self.id, "name": self.name, "apiStages": []} | self.settings


class SettingsOfAccount(Ground):
    """Settings and usage plans of an account-region; ``usage_plans`` holds them by id."""

    def __init__(self, **grounds: Any) -> None:
        super().__init__(**grounds)
        self.settings = AccountSettings()
        self.usage_plans: dict[str, UsagePlan] = {}

    def set_account(self, **fields: Any) -> None:
        """Change fields of ``AccountSettings`` (``cloudwatch_role_arn``, ``rate_limit``, ...)."""
        with self._lock:
            self.settings = replace(self.settings, **fields)
            self._changed(None)

    def add_usage_plan(
        self,
        name: str,
        *,
        stages: Sequence[tuple[str, str]] = (),
        rate_limit: float | None = None,
        burst_limit: int | None = None,
        quota: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> UsagePlan:
        """Create a usage plan for stages (REST API id, stage name); ``settings`` are further wire fields."""
        refuse_unknown(settings, PLAN_SETTINGS, "usage plan")
        limits = {"rateLimit": rate_limit, "burstLimit": burst_limit}
        throttle = {limit: value for limit, value in limits.items() if value is not None}
        given: dict[str, Any] = {"apiStages": [{"apiId": api, "stage": stage} for api, stage in stages]}
        if throttle:
            given["throttle"] = throttle
        if quota is not None:
            given["quota"] = dict(quota)
        with self._lock:
            made = UsagePlan(self._new_id(6), name, given | settings)
            self.usage_plans[made.id] = made
            return self._changed(made)

    def update_usage_plan(self, plan_id: str, **settings: Any) -> None:
        """Set wire fields of a usage plan; ``None`` takes one away."""
        refuse_unknown(settings, PLAN_SETTINGS, "usage plan")
        with self._lock:
            plan = self.usage_plans[plan_id]
            merged = plan.settings | settings
            plan.settings = {name: value for name, value in merged.items() if value is not None}
            self._changed(None)

    def delete_usage_plan(self, plan_id: str) -> None:
        """Delete a usage plan."""
        with self._lock:
            self._deleted["usage plan", plan_id] = self.usage_plans.pop(plan_id)
            self._changed(None)

    def restore_usage_plan(self, plan_id: str) -> UsagePlan:
        """Bring back a deleted usage plan."""
        with self._lock:
            found: UsagePlan = self._deleted.pop(("usage plan", plan_id))
            self.usage_plans[plan_id] = found
            return self._changed(found)
