"""Statuses of findings."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Statuses of a finding, worst first."""

    INCOMPLIANT = "INCOMPLIANT"
    UNDETERMINED = "UNDETERMINED"
    COMPLIANT = "COMPLIANT"
    INAPPLICABLE = "INAPPLICABLE"
    DISAPPEARED = "DISAPPEARED"
