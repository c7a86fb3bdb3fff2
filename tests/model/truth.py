"""What is really there: a small AWS as plain values, and the faults that keep a night from seeing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

_HTTP = frozenset({"HTTP"})


@dataclass
class Stage:
    """A stage, and the deployments that it and its canary serve.

    ``note`` is content that matters to versions, ``noise`` content that changes by itself.
    """

    certificate: str | None = None
    deployment: str | None = "d0"
    canary: str | None = None
    note: int = 0
    noise: int = 0


@dataclass
class Api:
    """A REST API and its stages by name.

    ``draft``: the integration types of the methods that are being edited. ``deployments``: those of each
    deployment, which never change.
    """

    draft: frozenset[str] = _HTTP
    deployments: dict[str, frozenset[str]] = field(default_factory=lambda: {"d0": _HTTP})
    endpoint_types: tuple[str, ...] = ("REGIONAL",)
    name: str | None = "orders"
    note: int = 0
    noise: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        """Whether it has only private endpoints."""
        return set(self.endpoint_types) == {"PRIVATE"}

    def deploy(self, edited: frozenset[str] | None = None) -> str:
        """Make a deployment of the draft, as it is or as it is edited just before; return its id."""
        if edited is not None:
            self.draft = edited
        made = f"d{len(self.deployments)}"
        self.deployments[made] = self.draft
        return made

    def exported(self) -> dict[str, str]:
        """Return the deployments that stages serve, each with the stage that is exported to read it."""
        found: dict[str, str] = {}
        for name, stage in sorted(self.stages.items()):
            if stage.deployment is not None and not self.is_private:
                found.setdefault(stage.deployment, name)
        return found


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

    ``exports_of`` are stages (API and name) whose exports are denied. ``hidden`` certificates are missing from
    the listing although a direct look finds them. ``backwards``, ``answerless`` and ``forgetful`` hide nothing,
    but everything is listed in another order, without digests of answers, or deployments that are known are
    read again.
    """

    apis: bool = False
    stages_of: frozenset[str] = frozenset()
    exports_of: frozenset[tuple[str, str]] = frozenset()
    certificates: bool = False
    second_look: bool = False
    acm: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    backwards: bool = False
    answerless: bool = False
    forgetful: bool = False


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
