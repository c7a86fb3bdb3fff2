"""A simulated AWS: real HTTP for real SDKs, an estate that can change, and faults on demand."""

from __future__ import annotations

from gateledger.demo.aws.estate import DEFAULT_ROLE, Account, Estate, Role
from gateledger.demo.aws.faults import FaultKind, Faults, Rule
from gateledger.demo.aws.generate import scaled_estate
from gateledger.demo.aws.region import AccountRegion
from gateledger.demo.aws.server import SimulatedAws
from gateledger.demo.aws.story import DemoNights, demo_nights

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
