"""What is really there: a small AWS as plain values, and the faults that keep a night from seeing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

ALL = ("*", "*")
"""Path and verb of the settings of all methods."""


@dataclass(frozen=True)
class Method:
    """A method. What the export did not say is None."""

    path: str
    verb: str = "GET"
    integration: str | None = "HTTP"
    scheme: str | None = "https"
    authorization: str | None = "NONE"
    needs_key: bool | None = False


Definition = tuple[Method, ...]
"""What a deployment, or the draft, consists of."""


def calling(*integrations: str) -> Definition:
    """Return a method for each integration type, the first at /orders."""
    return tuple(
        Method(f"/orders{number or ''}", integration=kind) for number, kind in enumerate(integrations)
    )


@dataclass(frozen=True)
class Target:
    """What an entry of method settings is about, and how AWS spells it."""

    path: str
    verb: str
    spelling: str = "plain"
    """``plain``, ``escaped`` (slashes as ~1) or ``leading`` (a literal slash in front: it applies to nothing)."""


@dataclass
class Stage:
    """A stage, the deployments that it and its canary serve, and how it is configured.

    ``note`` is content that matters to versions, ``noise`` content that changes by itself. ``settings`` are those
    of methods, by target. ``variables`` and ``overrides`` (the canary's) map names to whether the value looks like
    a secret.
    """

    certificate: str | None = None
    deployment: str | None = "d0"
    canary: str | None = None
    note: int = 0
    noise: int = 0
    traces: bool | None = None
    description: str | None = None
    tags: frozenset[str] = frozenset()
    web_acl: str | None = None
    access_log: str | None = None
    caches: bool | None = None
    settings: Mapping[Target, Mapping[str, object]] = field(default_factory=dict)
    variables: Mapping[str, bool] | None = None
    overrides: Mapping[str, bool] | None = None


@dataclass
class Api:
    """A REST API and its stages by name.

    ``draft``: the methods that are being edited. ``deployments``: those of each deployment, which never change.
    ``policy``: who may call it by its resource policy (``everybody``, ``somebody``, ``garbled``; None: it has none).
    """

    draft: Definition = field(default_factory=lambda: calling("HTTP"))
    deployments: dict[str, Definition] = field(default_factory=lambda: {"d0": calling("HTTP")})
    policy: str | None = None
    endpoint_types: tuple[str, ...] = ("REGIONAL",)
    name: str | None = "orders"
    note: int = 0
    noise: int = 0
    stages: dict[str, Stage] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        """Whether it has only private endpoints."""
        return set(self.endpoint_types) == {"PRIVATE"}

    def deploy(self, edited: Definition | None = None) -> str:
        """Make a deployment of the draft, as it is or as it is edited just before; return its id."""
        if edited is not None:
            self.draft = edited
        made = f"d{len(self.deployments)}"
        self.deployments[made] = self.draft
        return made

    def exported(self, *, private: bool) -> dict[str, str]:
        """Return the deployments that stages serve, each with the stage that is exported to read it.

        Those of an API that is only private are read where ``private``.
        """
        found: dict[str, str] = {}
        for name, stage in sorted(self.stages.items()):
            if stage.deployment is not None and (private or not self.is_private):
                found.setdefault(stage.deployment, name)
        return found


Other = tuple[str, str | None, str]
"""An item of a further type: the type, the key of its parent, its own key."""

#: Item types that only some policies ask for, parents before their children, with the types of their parents.
PARENTS: Mapping[str, str | None] = {
    "api": None,
    "api_stage": "api",
    "api_routes": "api",
    "api_integrations": "api",
    "domain_name": None,
    "domain_mapping": "domain_name",
    "usage_plan": None,
    "account_settings": None,
    "draft": "rest_api",
}


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
    others: dict[Other, int] = field(default_factory=dict)
    """Items of further types, each with a number that its content is drawn by."""

    def parents(self, item_type: str) -> Iterator[str]:
        """Yield the keys of the items that items of a type belong to."""
        parent = PARENTS[item_type]
        if parent == "rest_api":
            yield from self.apis
        else:
            yield from (key for name, _, key in self.others if name == parent)

    def there(self, item_type: str) -> dict[Other, int]:
        """Return the items of a further type whose parents are there; every REST API has a draft."""
        if item_type == "draft":
            return {("draft", rest_api_id, ""): 0 for rest_api_id in self.apis}
        parents = None if PARENTS[item_type] is None else set(self.parents(item_type))
        return {
            other: seed
            for other, seed in self.others.items()
            if other[0] == item_type and (parents is None or other[1] in parents)
        }

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
    read again. ``others`` are further item types that cannot be read, ``parts`` those of which a part cannot.
    ``rotated`` are stages whose certificate was replaced, and deleted, after the stages were listed and before
    certificates were: API, stage, the certificate that was named.
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
    others: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    rotated: frozenset[tuple[str, str, str]] = frozenset()

    def listed(self, rest_api_id: str, name: str, stage: Stage) -> Stage:
        """Return a stage as the listing of stages shows it: before its certificate was rotated."""
        for rotated_api, rotated_stage, old in self.rotated:
            if (rotated_api, rotated_stage) == (rest_api_id, name):
                return replace(stage, certificate=old)
        return stage

    def fails(self, item_type: str) -> bool:
        """Return whether a further item type cannot be read, for its own sake or since its parents cannot."""
        parent = PARENTS[item_type]
        if parent == "rest_api":
            return self.apis or item_type in self.others
        return item_type in self.others or (parent is not None and self.fails(parent))

    def unread(self, region: Region, item_type: str) -> set[str]:
        """Return the parents whose items of a further type cannot be read although those of others can."""
        if item_type not in self.parts or PARENTS[item_type] is None or self.fails(item_type):
            return set()
        return set(sorted(region.parents(item_type))[:1])


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
