"""The oracle's inventory: what a perfect observer knows after each night, in plain Python.

Written from what the design says of scopes, absence and time, not from the SQL that it checks.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from tests.model.truth import PARENTS, Definition, Faults, Method, Other, Region, Stage, is_acm, names_one

Key = tuple[str, str]
"""Account and region."""
StageKey = tuple[str, str, str, str]
"""Account, region, REST API, stage."""

ALWAYS = frozenset({"rest_api", "stage", "deployment", "client_certificate", "acm_certificate"})
READ = frozenset({"complete", "partial"})


@dataclass
class Scope:
    """How an item type of an account-region stands."""

    status: str
    last_attempt: datetime
    last_success: datetime | None = None
    read_at: datetime | None = None
    unread: set[str] = field(default_factory=set)
    is_wanted: bool = True


@dataclass
class KnownStage:
    """A stage as last read.

    ``named_at`` and ``served_at``: since when it names its certificate, and serves its deployment, without a break.
    """

    seen: Stage
    named_at: datetime
    served_at: datetime
    gone_at: datetime | None = None

    @property
    def certificate(self) -> str | None:
        """The certificate that it names."""
        return self.seen.certificate

    @property
    def deployment(self) -> str | None:
        """The deployment that it serves."""
        return self.seen.deployment


@dataclass
class KnownOther:
    """An item of a further type; of a draft, what it consists of, and since when."""

    read_at: datetime
    is_gone: bool = False
    draft: frozenset[Method] = frozenset()
    edited_at: datetime | None = None


@dataclass
class KnownApi:
    """A REST API as last read. ``deployments``: methods of those that were ever read, by id."""

    name: str | None
    is_private: bool
    policy: str | None = None
    gone: bool = False
    stages_read_at: datetime | None = None
    deployments: dict[str, Definition] = field(default_factory=dict)
    stages: dict[str, KnownStage] = field(default_factory=dict)


@dataclass
class KnownCertificate:
    """A certificate. ``absent_since`` set: proven not to exist; ``followed``: a stage names it (ACM)."""

    kind: str
    read_at: datetime
    expires_at: datetime | None = None
    absent_since: datetime | None = None
    followed: bool = True


@dataclass
class KnownRegion:
    """All that is known of an account-region."""

    scopes: dict[str, Scope] = field(default_factory=dict)
    apis: dict[str, KnownApi] = field(default_factory=dict)
    certificates: dict[str, KnownCertificate] = field(default_factory=dict)
    others: dict[Other, KnownOther] = field(default_factory=dict)

    def close_below(self, parent_type: str, parent: str) -> None:
        """Close what belonged to an item that is gone, all the way down."""
        for (item_type, owner, key), other in self.others.items():
            if PARENTS[item_type] == parent_type and owner == parent:
                other.is_gone = True
                self.close_below(item_type, key)

    def named_of(self, rest_api_id: str) -> set[str]:
        """Return the certificates that the live stages of an API are known to name."""
        api = self.apis.get(rest_api_id)
        if api is None:
            return set()
        return {
            stage.certificate
            for stage in api.stages.values()
            if stage.gone_at is None and stage.certificate is not None and names_one(stage.certificate)
        }


@dataclass
class Knowledge:
    """The whole inventory after a run."""

    accounts: dict[str, Scope] = field(default_factory=dict)
    regions: dict[Key, KnownRegion] = field(default_factory=dict)

    def live(self) -> dict[StageKey, KnownStage]:
        """Return the stages that are there."""
        return {key: stage for key, stage in self.all().items() if stage.gone_at is None}

    def stage(self, key: StageKey) -> KnownStage | None:
        """Return a stage, if it was ever known."""
        region = self.regions.get(key[:2])
        api = None if region is None else region.apis.get(key[2])
        return None if api is None else api.stages.get(key[3])

    def all(self) -> dict[StageKey, KnownStage]:
        """Return all stages ever known."""
        return {
            (*key, rest_api_id, name): stage
            for key, region in self.regions.items()
            for rest_api_id, api in region.apis.items()
            for name, stage in api.stages.items()
        }


class Observer:
    """Learns night by night; ``before`` is what was known before the moment now being written."""

    def __init__(self) -> None:
        """Know nothing."""
        self.known = Knowledge()
        self.before = Knowledge()
        self.states: dict[datetime, Knowledge] = {}
        """What was known at the end of each moment."""
        self.as_of: datetime | None = None

    def begin(self, as_of: datetime) -> None:
        """Begin a run; a second one of the same moment goes on from the first."""
        if self.as_of != as_of:
            self.keep()
            self.before = deepcopy(self.known)
        self.as_of = as_of

    def keep(self) -> None:
        """Remember what is known as of the moment now being written."""
        if self.as_of is not None:
            self.states[self.as_of] = deepcopy(self.known)

    def account(self, account_id: str, status: str, regions: list[str], wanted: Collection[str]) -> None:
        """Learn whether an account could be entered, and which of its regions are read, as far as it is wanted."""
        scope = _settle(self.known.accounts.get(account_id), status, self._now)
        self.known.accounts[account_id] = scope
        for (owner, name), region in self.known.regions.items():
            if owner != account_id or (status == "complete" and name in regions):
                continue
            for item_type in region.scopes.keys() & wanted:
                self._scope(region, item_type, "skipped" if status == "complete" else status)

    def uncovered(self, as_of: datetime, wanted: Collection[str] | None) -> None:
        """Mark what the run of a moment did not cover, and what it did not want. None: that is not known."""
        for scope in self.known.accounts.values():
            if scope.last_attempt < as_of:
                scope.status = "uncollected"
        for region in self.known.regions.values():
            for name, scope in region.scopes.items():
                if scope.last_attempt < as_of and (scope.is_wanted if wanted is None else name in wanted):
                    scope.status, scope.is_wanted = "uncollected", True
                elif scope.last_attempt < as_of and wanted is not None:
                    scope.status, scope.is_wanted = "skipped", False

    def region(self, truth: Region, faults: Faults, wanted: Collection[str], *, private: bool) -> None:
        """Learn what a night can see of an account-region: what is wanted, and what private APIs serve."""
        region = self.known.regions.setdefault(truth.key, KnownRegion())
        named = self._apis(region, truth, faults, private=private)
        for item_type in PARENTS:
            if item_type in wanted:
                self._others(region, truth, faults, item_type)
        proven = _proven(region)
        self._client_certificates(region, truth, faults, {name for name in named if not is_acm(name)})
        self._look_again(region, truth, faults, _proven(region) - proven)
        self._acm_certificates(region, truth, faults, {name for name in named if is_acm(name)})

    @property
    def _now(self) -> datetime:
        assert self.as_of is not None
        return self.as_of

    def _scope(
        self, region: KnownRegion, item_type: str, status: str, unread: set[str] | None = None
    ) -> None:
        scope = _settle(region.scopes.get(item_type), status, self._now)
        if status in READ:
            scope.unread = unread or set()
        region.scopes[item_type] = scope

    def _others(self, region: KnownRegion, truth: Region, faults: Faults, item_type: str) -> None:
        """Learn of items of a further type."""
        unread = faults.unread(truth, item_type)
        parents = set() if PARENTS[item_type] is None else set(truth.parents(item_type))
        if faults.fails(item_type) or (unread and unread == parents):
            self._scope(region, item_type, "failed")
            return
        there = {other for other in truth.there(item_type) if other[1] not in unread}
        for other in there:
            found = region.others[other] = KnownOther(self._now)
            if item_type == "draft":
                found.draft, found.edited_at = frozenset(truth.apis[str(other[1])].draft), self._now
                known = self.before.regions.get(truth.key, KnownRegion()).others.get(other)
                if known is not None and not known.is_gone and known.draft == found.draft:
                    found.edited_at = known.edited_at
        for other, known in region.others.items():
            if other[0] == item_type and other[1] not in unread:
                known.read_at = self._now
                if other not in there and not known.is_gone:
                    known.is_gone = True
                    region.close_below(item_type, other[2])
        self._scope(region, item_type, "partial" if unread else "complete", unread)

    def _apis(self, region: KnownRegion, truth: Region, faults: Faults, *, private: bool) -> set[str]:
        """Learn APIs, stages and deployments; return the certificates to look for."""
        if faults.apis:
            for item_type in ("rest_api", "stage", "deployment"):
                self._scope(region, item_type, "failed")
            return {name for rest_api_id in region.apis for name in region.named_of(rest_api_id)}
        unread = faults.stages_of & truth.apis.keys()
        named: set[str] = set()
        for rest_api_id in unread:
            named |= region.named_of(rest_api_id)
        for rest_api_id, known in region.apis.items():
            if rest_api_id not in truth.apis and not known.gone:
                known.gone = True
                known.deployments = {}
                for stage in known.stages.values():
                    stage.gone_at = stage.gone_at or self._now
                region.close_below("rest_api", rest_api_id)
        for rest_api_id, api in truth.apis.items():
            found = region.apis.setdefault(rest_api_id, KnownApi(None, False))
            found.gone = False
            found.name = api.name
            found.is_private = api.is_private
            found.policy = api.policy
            if rest_api_id not in unread:
                self._stages(truth, faults, rest_api_id, found)
                named |= region.named_of(rest_api_id)
        self._scope(region, "rest_api", "complete")
        failed = bool(unread) and unread == truth.apis.keys()
        status = "failed" if failed else "partial" if unread else "complete"
        self._scope(region, "stage", status, set(unread))
        unread = set(unread)
        for rest_api_id in truth.apis.keys() - unread:
            if not self._deployments(truth, faults, rest_api_id, region.apis[rest_api_id], private=private):
                unread.add(rest_api_id)
        status = "failed" if failed else "partial" if unread else "complete"
        self._scope(region, "deployment", status, unread)
        return named

    @staticmethod
    def _deployments(
        truth: Region, faults: Faults, rest_api_id: str, known: KnownApi, *, private: bool
    ) -> bool:
        """Learn what an API's stages serve; return whether all of it that was looked at could be read."""
        api = truth.apis[rest_api_id]
        is_whole = True
        for deployment_id, stage_name in api.exported(private=private).items():
            if (rest_api_id, stage_name) not in faults.exports_of:
                known.deployments[deployment_id] = api.deployments[deployment_id]
            elif faults.forgetful or deployment_id not in known.deployments:
                is_whole = False
        return is_whole

    def _stages(self, truth: Region, faults: Faults, rest_api_id: str, known: KnownApi) -> None:
        known.stages_read_at = self._now
        there = truth.apis[rest_api_id].stages
        for name, stage in known.stages.items():
            if name not in there:
                stage.gone_at = stage.gone_at or self._now
        for name, actual in there.items():
            self._stage(truth, rest_api_id, known, name, faults.listed(rest_api_id, name, actual))

    def _stage(self, truth: Region, rest_api_id: str, known: KnownApi, name: str, actual: Stage) -> None:
        found = known.stages[name] = KnownStage(deepcopy(actual), self._now, self._now)
        before = self.before.stage((*truth.key, rest_api_id, name))
        if before is None or before.gone_at is not None:
            return
        if before.certificate == actual.certificate:
            found.named_at = before.named_at
        if before.deployment == actual.deployment:
            found.served_at = before.served_at

    def _look_again(self, region: KnownRegion, truth: Region, faults: Faults, proven: set[str]) -> None:
        """Learn of stages that named what is newly proven absent which certificate they name by then."""
        for rest_api_id, name, old in faults.rotated:
            is_read = not faults.apis and rest_api_id not in faults.stages_of
            if is_read and old in proven:
                known, actual = region.apis[rest_api_id], truth.apis[rest_api_id].stages[name]
                self._stage(truth, rest_api_id, known, name, actual)

    def _client_certificates(
        self, region: KnownRegion, truth: Region, faults: Faults, named: set[str]
    ) -> None:
        if faults.certificates:
            self._scope(region, "client_certificate", "failed")
            return
        known = {name: each for name, each in region.certificates.items() if each.kind == "API_GATEWAY"}
        there = truth.certificates.keys() - faults.hidden
        proven = {name for name, each in known.items() if each.absent_since is not None} - there
        looked_at = named - there - proven
        unread = looked_at if faults.second_look else set()
        if not faults.second_look:
            there = there | (looked_at & truth.certificates.keys())
        for name in there:
            self._there(region, "API_GATEWAY", name, truth.certificates[name].expires_at)
        for name in (known.keys() | looked_at) - there - unread:
            self._absent(region, "API_GATEWAY", name)
        self._scope(region, "client_certificate", "partial" if unread else "complete", unread)

    def _acm_certificates(self, region: KnownRegion, truth: Region, faults: Faults, named: set[str]) -> None:
        unread = named & faults.acm
        if unread and unread == named:
            self._scope(region, "acm_certificate", "failed")
            return
        for name, each in region.certificates.items():
            if each.kind == "ACM" and name not in named and each.absent_since is None:
                each.followed = False
        for name in named - unread:
            if name in truth.acm:
                self._there(region, "ACM", name, truth.acm[name].expires_at)
            else:
                self._absent(region, "ACM", name)
        self._scope(region, "acm_certificate", "partial" if unread else "complete", unread)

    def _there(self, region: KnownRegion, kind: str, name: str, expires_at: datetime | None) -> None:
        region.certificates[name] = KnownCertificate(kind, self._now, expires_at)

    def _absent(self, region: KnownRegion, kind: str, name: str) -> None:
        known = region.certificates.get(name)
        if known is None:
            known = region.certificates[name] = KnownCertificate(kind, self._now)
        known.read_at = self._now
        known.absent_since = known.absent_since or self._now
        known.followed = True


def _proven(region: KnownRegion) -> set[str]:
    """Return the certificates that are proven absent."""
    return {name for name, each in region.certificates.items() if each.absent_since is not None}


def _settle(scope: Scope | None, status: str, as_of: datetime) -> Scope:
    """Return how a scope stands after an attempt."""
    settled = Scope(status, as_of)
    if scope is not None:
        settled.last_success, settled.read_at = scope.last_success, scope.read_at
        settled.unread = set(scope.unread)
    if status in READ:
        settled.read_at = as_of
    if status == "complete":
        settled.last_success = as_of
    return settled
