"""A simulated AWS: real HTTP for real SDKs, an estate that can change, and faults on demand."""

from __future__ import annotations

from simulated_aws.estate import DEFAULT_ROLE, Account, Estate, Role
from simulated_aws.faults import FaultKind, Faults, Rule
from simulated_aws.generate import scaled_estate
from simulated_aws.region import AccountRegion
from simulated_aws.server import SimulatedAws
from simulated_aws.story import DemoNights, demo_nights

__all__ = [
    "DEFAULT_ROLE",
    "Account",
    "AccountRegion",
    "DemoNights",
    "Estate",
    "FaultKind",
    "Faults",
    "Role",
    "Rule",
    "SimulatedAws",
    "demo_nights",
    "scaled_estate",
]
