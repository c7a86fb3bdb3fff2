"""What the simulated AWS holds: accounts, regions, and the things in them, which can change at any time."""

from __future__ import annotations

from simulated_aws.estate.account_region import AccountRegion
from simulated_aws.estate.definitions import Integration, Method
from simulated_aws.estate.organization import DEFAULT_ROLE, Account, Estate, Populate, Role

__all__ = ["DEFAULT_ROLE", "Account", "AccountRegion", "Estate", "Integration", "Method", "Populate", "Role"]
