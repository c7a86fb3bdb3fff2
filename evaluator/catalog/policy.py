"""A policy: what its folder says, checked and ready to judge."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from cmdb.errors import shown
from cmdb.items import ItemType, collected_scopes, item_types
from evaluator.catalog import parameters as parameter_values
from evaluator.catalog.cases import Case
from evaluator.catalog.files import Model, Text
from evaluator.catalog.fixes import Fix
from evaluator.catalog.frameworks import Section
from evaluator.catalog.logic import Logic
from evaluator.catalog.offered import AS_OF
from evaluator.catalog.parameters import Parameter, Value
from evaluator.catalog.tokens import tokenize
from evaluator.errors import PolicyError

__all__ = ["Condition", "Policy", "PolicyError", "PolicyFile", "Similar", "Status"]

PLACEHOLDERS = (
    "account_id", "region", "api_id", "rest_api_id", "rest_api_name", "stage_name", "client_certificate_id", "name",
    "subjects",
)  # fmt: skip
"""What ``{name}`` in a message or remediation may stand for; the reporting views fill them in."""
ITEMS = "{items}"
"""What a ``change`` is done to."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
PolicyId = Annotated[str, StringConstraints(pattern=r"^(/[a-z0-9][a-z0-9_-]*){2,}$", max_length=200)]


class Status(StrEnum):
    """What a condition says of an item."""

    COMPLIANT = "COMPLIANT"
    INCOMPLIANT = "INCOMPLIANT"
    INAPPLICABLE = "INAPPLICABLE"
    UNDETERMINED = "UNDETERMINED"
    DISAPPEARED = "DISAPPEARED"


class ConditionFile(Model):
    """One of ``conditions``: its status, the current state in words, and what to do about it."""

    status: Annotated[Status, Field(strict=False)]
    message: Text
    remediation: Text | None = None
    change: Text | None = None

    @field_validator("change")
    @classmethod
    def _names_items(cls, text: str | None) -> str | None:
        if text is None:
            return None
        rest = text.replace(ITEMS, "", 1)
        if rest == text or "{" in rest or "}" in rest:
            raise ValueError(f"is {shown(text)}; write {ITEMS} once for what is changed, and no other braces")
        return text

    @field_validator("message", "remediation")
    @classmethod
    def _known_placeholders(cls, text: str | None) -> str | None:
        rest = re.sub(r"\{(" + "|".join(PLACEHOLDERS) + r")\}", "", text or "")
        if wrong := re.search(r"\{[^{}]*\}|[{}]", rest):
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"holds {shown(wrong.group())}; write one of {known}, or no braces")
        return text


class Similar(Model):
    """A rule elsewhere that asks nearly the same: whose it is, and its name there."""

    source: Text
    id: Text


class PolicyFile(Model):
    """``policy.yaml``."""

    id: PolicyId
    name: Text
    contextual_name: Text
    type: Literal["COMPLIANCE_POLICY"]
    categories: list[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]*$")]] = Field(min_length=1)
    severity: Literal["informational", "low", "medium", "high", "critical"]
    tags: list[Text] = Field(default_factory=list)
    default: bool = True
    resource_type: Text
    item_types: list[Text] = Field(default_factory=list)
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    frameworks: dict[Text, list[Text]] = Field(default_factory=dict)
    similar: list[Similar] = Field(default_factory=list)
    conditions: dict[Name, ConditionFile] = Field(min_length=1)
    fixes: dict[Name, Fix] = Field(default_factory=dict)

    @field_validator("resource_type")
    @classmethod
    def _known_type(cls, given: str) -> str:
        known = [declared.resource_type for declared in item_types()]
        if given not in known:
            raise ValueError(f"is {shown(given)}; write one of {', '.join(known)}")
        return given

    @field_validator("item_types")
    @classmethod
    def _known_scopes(cls, given: list[str]) -> list[str]:
        for name in given:
            if name not in collected_scopes():
                raise ValueError(f"names {shown(name)}; write some of {', '.join(collected_scopes())}")
        return given

    @property
    def item(self) -> ItemType:
        """The item type that is judged."""
        return next(declared for declared in item_types() if declared.resource_type == self.resource_type)

    @field_validator("parameters")
    @classmethod
    def _free_names(cls, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
        for name in parameters:
            if name in parameter_values.RESERVED:
                raise ValueError(f"declares {shown(name)}, which is reserved; choose another name")
        return parameters


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in the order of ``policy.yaml``; ``message`` and ``remediation`` may hold placeholders.

    ``change`` says what one change does for many items, which ``{items}`` stands for.
    """

    name: str
    status: Status
    message: str
    remediation: str | None
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy."""

    folder: Path
    id: str
    name: str
    contextual_name: str
    type: str
    categories: tuple[str, ...]
    severity: str
    tags: tuple[str, ...]
    resource_type: str
    item_types: tuple[str, ...]
    """Scopes that have to be read for it."""
    parameters: Mapping[str, Parameter]
    """Declared parameters by name."""
    conditions: tuple[Condition, ...]
    similar: tuple[Similar, ...]
    logic: Logic
    description: str
    remediation: str
    """``remediation.md``."""
    cases: Sequence[Case]
    sections: tuple[Section, ...] = ()
    """Framework sections that it serves."""
    is_default: bool = True
    """Whether it is enabled where the settings name no policies."""
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Parameters' values from the settings."""
    fixes: Mapping[str, Fix] = field(default_factory=dict)
    """Mechanical fixes by name; they decide no verdict."""

    @property
    def logic_sql(self) -> str:
        """Text of ``logic.sql``, as written."""
        return self.logic.text

    @property
    def has_recheck(self) -> bool:
        """Whether the logic returns ``recheck_at``."""
        return self.logic.has_recheck

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that decides verdicts, with the parameters' values from the settings."""
        return self.content_hash_with({})

    @property
    def wording_hash(self) -> str:
        """SHA-256 of names, messages and texts, which decide no verdict."""
        words = [self.name, self.contextual_name, self.description, self.remediation]
        return _hash([*words, *((c.name, c.message, c.remediation) for c in self.conditions)])

    def status_of(self, condition: str) -> Status:
        """Return the status that a declared condition gives."""
        return next(known.status for known in self.conditions if known.name == condition)

    def fix_of(self, condition: str) -> tuple[str, Fix] | None:
        """Return the name and the fix of an incompliant condition; None: there is none that is mechanical."""
        incompliant = {one.name for one in self.conditions if one.status is Status.INCOMPLIANT}
        for name, fix in self.fixes.items():
            if condition in (fix.conditions or incompliant):
                return name, fix
        return None

    def values(self, given: Mapping[str, object] | None = None) -> dict[str, Value]:
        """Return every parameter's value: given here, else from the settings, else the default.

        Raises ``PolicyError`` for an unknown parameter or a value that does not fit its type.
        """
        return parameter_values.effective(
            f"policy {self.id}", self.parameters, {**self.overrides, **(given or {})}
        )

    def content_hash_with(self, given: Mapping[str, object]) -> str:
        """Return the content hash under these parameter values."""
        return _hash(
            {
                "logic": self.logic.canonical,
                "conditions": {condition.name: condition.status for condition in self.conditions},
                "parameters": _plain(self.values(given)),
            }
        )

    def definition(self, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return the policy as JSON values, for explaining its verdicts later."""
        return {
            "id": self.id,
            "name": self.name,
            "contextual_name": self.contextual_name,
            "severity": self.severity,
            "logic": self.logic.whole,
            "parameters": _plain(self.values(given)),
            "conditions": [
                {"name": c.name, "status": str(c.status), "message": c.message, "remediation": c.remediation}
                for c in self.conditions
            ],
            "wording_hash": self.wording_hash,
        }

    def bound_logic(self, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the logic as psycopg text (``%(name)s::type`` for ``:name``) and the values to bind.

        ``parameters`` may hold ``as_of`` (a datetime with a time zone); without it the caller adds it.
        Raises ``PolicyError`` for an unknown parameter or a value that does not fit its type.
        """
        return self.bind(self.logic.whole, parameters)

    def bind(self, text: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return other SQL with this policy's parameters, as ``bound_logic`` does."""
        as_of = parameters.get(AS_OF)
        if as_of is not None and not isinstance(as_of, datetime):
            raise PolicyError(
                f"policy {self.id}: `as_of` is {shown(as_of)}; give a datetime with a time zone."
            )
        values = self.values({name: value for name, value in parameters.items() if name != AS_OF})
        source = f"policy {self.id}"
        return parameter_values.bound(text, tokenize(text), source, self.parameters, values, as_of)


def _plain(values: Mapping[str, Value]) -> dict[str, bool | int | str]:
    return {
        name: f"{value.total_seconds():.6f} seconds" if isinstance(value, timedelta) else value
        for name, value in values.items()
    }


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
