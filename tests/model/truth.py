"""What is really there: a small AWS as plain values, and the faults that keep a night from seeing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Stage:
    """A stage. ``note`` is content that matters to versions, ``noise`` content that changes by itself."""

    certificate: str | None = None
    deployment: str | None = "d0"
    note: int = 0
    noise: int = 0


@dataclass
class Api:
    """A REST API, the integration types of its methods and its stages by name."""

    types: frozenset[str] = frozenset({"HTTP"})
    endpoint_types: tuple[str, ...] = ("REGIONAL",)
    name: str | None = "orders"
    note: int = 0
    noise: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)


@dataclass
class Certificate:
    """A certificate of API Gateway or of ACM."""

    expires_at: datetime | None
    note: int = 0


@dataclass
class Region:
    """An account in a region."""

    account_id: str
    name: str
    apis: dict[str, Api] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    acm: dict[str, Certificate] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Account and name."""
        return self.account_id, self.name


@dataclass(frozen=True)
class Faults:
    """What a night may not see of an account-region.

    ``hidden`` certificates are missing from the listing although a direct look finds them; ``backwards``
    and ``answerless`` hide nothing, but everything is listed in another order, or without digests of answers.
    """

    apis: bool = False
    stages_of: frozenset[str] = frozenset()
    methods_of: frozenset[str] = frozenset()
    certificates: bool = False
    second_look: bool = False
    acm: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    backwards: bool = False
    answerless: bool = False


NO_FAULTS = Faults()


def is_acm(certificate_id: str) -> bool:
    """Tell whether a stage names a certificate of ACM."""
    return certificate_id.startswith("arn:")


def names_one(certificate_id: str | None) -> bool:
    """Tell whether a stage's certificate field names a certificate at all."""
    return certificate_id is not None and bool(certificate_id.strip())


def named_by(stages: Iterable[Stage]) -> set[str]:
    """Return the certificates that stages name."""
    return {stage.certificate for stage in stages if stage.certificate and stage.certificate.strip()}
