"""What changed in what a stage serves when a finding began, in words: as ``report.finding.served_changes`` has it."""

from __future__ import annotations

from collections.abc import Sequence


def listed(changes: Sequence[str]) -> str:
    """Return the changes in one line: ``GET /orders: AWS_PROXY -> HTTP; deployment abc -> def``."""
    return "; ".join(changes)


def with_changes(message: str, changes: Sequence[str] | None) -> str:
    """Return a finding's message followed by what changed then; the message alone where nothing did."""
    return f"{message} What the stage serves changed then: {listed(changes)}." if changes else message
