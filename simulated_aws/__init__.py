"""A simulated AWS: real HTTP for real SDKs, an estate that can change, and faults on demand."""

from __future__ import annotations

from simulated_aws.estate import DEFAULT_ROLE, Account, AccountRegion, Estate, Integration, Method, Role
from simulated_aws.faults import FaultKind, Faults, Rule
from simulated_aws.scenarios.scaled import scaled_estate
from simulated_aws.scenarios.story import DemoNights, demo_nights
from simulated_aws.server import SimulatedAws

__all__ = [
    "DEFAULT_ROLE",
    "Account",
    "AccountRegion",
    "DemoNights",
    "Estate",
    "FaultKind",
    "Faults",
    "Integration",
    "Method",
    "Role",
    "Rule",
    "SimulatedAws",
    "demo_nights",
    "scaled_estate",
]
