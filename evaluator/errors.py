"""What a person may meet when policies are loaded."""

from __future__ import annotations

from cmdb.errors import GateledgerError


class PolicyError(GateledgerError):
    """A policy, a framework or a parameter is wrong; the sentence names the file and what to do."""
