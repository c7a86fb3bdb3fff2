"""Random lives of a small estate: every step is lived through by the system and by the oracle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cmdb.items import item_type as declared_as
from cmdb.runs.runs import RunKind
from cmdb.snapshot import ScopeStatus
from tests.model import truth
from tests.model.checking import check, check_judging_again, check_the_past
from tests.model.oracle import Oracle
from tests.model.system import Night, System, catalog, plain_night
from tests.model.truth import ALL, PARENTS, Faults, Method, Region, Target, calling
from tests.model.verdicts import MODELLED, POLICIES, Rules

START = datetime(2026, 1, 30, 2, tzinfo=UTC)


APIS = ("api0000000", "api0000001", "api0000002")
STAGES = ("dev", "prod")
CERTIFICATES = ("cert00", "cert01", "cert02")
PLACES = (("111111111111", "eu-west-1"), ("111111111111", "us-east-1"), ("222222222222", "eu-west-1"))
ACCOUNTS = ("111111111111", "222222222222")


def arns(account_id: str, region: str) -> list[str]:
    """Return the ARNs that certificates of ACM in an account-region have."""
    return [f"arn:aws:acm:{region}:{account_id}:certificate/{number}" for number in range(2)]


_places = st.sampled_from(range(len(PLACES)))
_apis = st.sampled_from(APIS)
_stages = st.sampled_from(STAGES)
_names = st.sampled_from([None, "", " ", *CERTIFICATES, *CERTIFICATES, "acm0", "acm1"])
_paths = ("/", "/orders", "/orders/{id}")
_methods = st.builds(
    Method,
    path=st.sampled_from(_paths),
    verb=st.sampled_from(["GET", "ANY", "OPTIONS"]),
    integration=st.sampled_from(["HTTP", "HTTP_PROXY", "AWS_PROXY", "MOCK", None]),
    scheme=st.sampled_from(["https", "https", "http", None]),
    authorization=st.sampled_from(["NONE", "NONE", "AWS_IAM", None]),
    needs_key=st.sampled_from([False, False, True, None]),
)
_types = st.one_of(
    st.lists(st.sampled_from(["HTTP", "HTTP_PROXY", "AWS_PROXY", "MOCK"]), max_size=2, unique=True).map(
        lambda kinds: calling(*kinds)
    ),
    st.lists(_methods, max_size=3, unique_by=lambda method: (method.path, method.verb)).map(tuple),
)
_targets = st.one_of(
    st.just(Target(*ALL)),
    st.builds(
        Target, st.sampled_from(_paths[1:]), st.sampled_from(["GET", "ANY"]),
        st.sampled_from(["plain", "escaped", "leading"]),
    ),
    st.just(Target("/", "GET", "escaped")),
)  # fmt: skip
_flag = st.booleans()
_settings = st.fixed_dictionaries(
    {},
    optional={
        "loggingLevel": st.sampled_from(["OFF", "ERROR", "INFO"]),
        "dataTraceEnabled": _flag,
        "metricsEnabled": _flag,
        "cachingEnabled": _flag,
        "cacheDataEncrypted": _flag,
        "throttlingRateLimit": st.sampled_from([-1.0, 0.0, 10000.0, 0.5]),
        "throttlingBurstLimit": st.sampled_from([-1, 0, 5000]),
    },
)
_variables = st.one_of(st.none(), st.dictionaries(st.sampled_from(["host", "token"]), _flag))
_text = st.sampled_from([None, "", " ", "arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/one/1"])
_configured = st.one_of(
    st.tuples(st.just("traces"), st.sampled_from([None, False, True])),
    st.tuples(st.sampled_from(["description", "web_acl", "access_log"]), _text),
    st.tuples(st.just("tags"), st.frozensets(st.sampled_from(["owner", "env"]))),
    st.tuples(st.just("caches"), st.sampled_from([None, False, True, True])),
    st.tuples(st.just("settings"), st.dictionaries(_targets, _settings, max_size=3)),
    st.tuples(
        st.just("settings"),
        st.fixed_dictionaries({Target(*ALL): _settings, Target("/orders", "GET"): _settings}),
    ),
    st.tuples(st.sampled_from(["variables", "overrides"]), _variables),
)
#: A policy set: mostly of those that the oracle knows, and a few of all that there are; or every one.
_known = st.sampled_from(MODELLED)
_any_policy = st.sampled_from([policy.id for policy in catalog().policies])
policy_sets = st.one_of(
    st.tuples(st.sets(_known, min_size=1, max_size=4), st.sets(_any_policy, max_size=3)).map(
        lambda sets: tuple(sorted(sets[0] | sets[1]))
    ),
    st.just(POLICIES),
)
_other_types = [name for name in PARENTS if name != "draft"]
_endpoints = st.sampled_from([("REGIONAL",), ("PRIVATE",), ("EDGE", "PRIVATE"), ()])
_small = st.integers(0, 2)

changes = st.one_of(
    st.tuples(st.just("api"), _places, _apis),
    st.tuples(st.just("stage"), _places, _apis, _stages),
    st.tuples(st.just("name"), _places, _apis, _stages, _names),
    st.tuples(st.just("name"), _places, _apis, _stages, _names),
    st.tuples(st.just("certificate"), _places, st.sampled_from(CERTIFICATES)),
    st.tuples(st.just("certificate"), _places, st.sampled_from(CERTIFICATES)),
    st.tuples(st.just("acm"), _places, st.sampled_from([0, 1])),
    st.tuples(st.just("edit"), _places, _apis, _types),
    st.tuples(st.just("endpoint"), _places, _apis, _endpoints),
    st.tuples(st.just("deploy"), _places, _apis, _stages, st.one_of(st.none(), _types)),
    st.tuples(st.just("serve"), _places, _apis, _stages, st.integers(-1, 4)),
    st.tuples(st.just("canary"), _places, _apis, _stages, st.one_of(st.none(), _types)),
    st.tuples(st.just("end canary"), _places, _apis, _stages, st.booleans()),
    st.tuples(st.just("note"), _places, _apis, _stages, _small),
    st.tuples(st.just("configure"), _places, _apis, _stages, _configured),
    st.tuples(st.just("configure"), _places, _apis, _stages, _configured),
    st.tuples(st.just("configure"), _places, _apis, _stages, _configured),
    st.tuples(st.just("policy"), _places, _apis, st.sampled_from([None, "everybody", "somebody", "garbled"])),
    st.tuples(
        st.just("other"), _places, st.sampled_from(_other_types), st.integers(0, 1), st.integers(0, 99)
    ),
    st.tuples(
        st.just("other"), _places, st.sampled_from(_other_types), st.integers(0, 1), st.integers(0, 99)
    ),
    st.tuples(st.just("describe"), _places, _apis, _small),
    st.tuples(st.just("expiry"), _places, st.integers(0, 4), st.sampled_from([None, 1, 20, 31, 60])),
)

_some_apis = st.one_of(st.just(frozenset[str]()), st.frozensets(_apis, max_size=3))
_exports = st.one_of(
    st.just(frozenset[tuple[str, str]]()), st.frozensets(st.tuples(_apis, _stages), max_size=4)
)
faults = st.builds(
    Faults,
    apis=st.sampled_from([False, False, False, True]),
    stages_of=_some_apis,
    exports_of=_exports,
    certificates=st.sampled_from([False, False, False, True]),
    second_look=st.booleans(),
    acm=st.frozensets(st.sampled_from([0, 1])).map(lambda numbers: frozenset(f"acm{n}" for n in numbers)),
    hidden=st.frozensets(st.sampled_from(CERTIFICATES), max_size=1),
    backwards=st.booleans(),
    answerless=st.booleans(),
    forgetful=st.booleans(),
    others=st.frozensets(st.sampled_from(sorted(PARENTS)), max_size=2),
    parts=st.frozensets(st.sampled_from(sorted(PARENTS)), max_size=2),
)

_hour = timedelta(hours=1)
pauses = st.sampled_from([0, 0, 1, 24, 24, 24, 24, 25, 48, 72, 73, 24 * 29]).map(lambda hours: hours * _hour)
_modes = st.sampled_from([*["complete"] * 6, "failed", "skipped", "left out"])
_reads = st.sampled_from([*["read"] * 8, "disabled", "not reached"])


@st.composite
def nights(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a night covers, independent of the estate."""
    is_odd = draw(st.sampled_from([False, False, True]))
    one = draw(st.sampled_from([*PLACES, None]))
    return {
        "kind": draw(st.sampled_from([RunKind.RUN, RunKind.RUN, RunKind.RUN, RunKind.COLLECT])),
        "modes": {account: draw(_modes) if is_odd else "complete" for account in ACCOUNTS},
        "reads": {place: draw(_reads) if is_odd else "read" for place in PLACES},
        "faults": {
            place: draw(faults) if one in {place, None} and draw(st.booleans()) else Faults()
            for place in PLACES
        },
        "together": draw(st.booleans()),
        "dies_after": draw(st.integers(0, 9)) if draw(st.sampled_from([False] * 5 + [True])) else None,
    }


class EstateMachine(RuleBasedStateMachine):
    """One example: an estate, its nights, and after each of them a comparison of all views."""

    system: ClassVar[System]
    steps_taken: ClassVar[int] = 0
    nights_lived: ClassVar[int] = 0
    examples: ClassVar[int] = 0
    judged_again: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.system.clear()
        self.oracle = Oracle()
        self.regions = {place: Region(*place) for place in PLACES}
        self.kept: dict[Any, Any] = {}
        self.judged_by = Rules()
        self.enabled: tuple[str, ...] = POLICIES
        self.backfills = True
        self.is_well = True
        self.now = START

    @initialize(seed=st.lists(changes, max_size=16), enabled=policy_sets, backfills=st.booleans())
    def begin(self, seed: list[Any], enabled: tuple[str, ...], backfills: bool) -> None:
        """Begin with policies, an estate that has one of everything, and a first night."""
        self.enabled, self.backfills = enabled, backfills
        first = self.regions[PLACES[0]]
        first.certificates["cert00"] = truth.Certificate(START + timedelta(days=60))
        stages = {"dev": truth.Stage("cert00"), "prod": truth.Stage(None)}
        first.apis[APIS[0]] = truth.Api(stages=stages)
        # A stage that calls HTTP backends by its canary alone, whose deployment is known from another stage.
        mixed = first.apis[APIS[1]] = truth.Api(draft=calling("MOCK"))
        mixed.stages = {"dev": truth.Stage("cert00"), "prod": truth.Stage("cert00", mixed.deploy(), "d0")}
        for change in seed:
            self._change(*change)
        for name in _other_types:
            self._change("other", 0, name, 0, 1)
        self._live(self._plain())

    def _plain(self) -> Night:
        """Return a night that reads everything."""
        return replace(
            plain_night(self.now, list(self.regions.values())),
            policies=self.enabled,
            backfills=self.backfills,
            rules=self.judged_by,
        )

    @rule(what=st.lists(changes, min_size=1, max_size=4))
    def change(self, what: list[Any]) -> None:
        """Something happens on AWS."""
        type(self).steps_taken += 1
        for each in what:
            self._change(*each)

    @rule(what=st.lists(changes, max_size=2), night=nights(), pause=pauses)
    def night(self, what: list[Any], night: dict[str, Any], pause: timedelta) -> None:
        """Something happens on AWS, and a night follows."""
        type(self).steps_taken += 1
        for each in what:
            self._change(*each)
        self.now += pause
        self._live(self._covering(night))

    @rule(pause=pauses)
    def quiet_night(self, pause: timedelta) -> None:
        """A night that sees everything."""
        type(self).steps_taken += 1
        self.now += pause
        self._live(self._plain())

    @rule(
        which=st.integers(0, 7),
        what=st.sampled_from(["deploy", "canary", "canary", "serve", "end canary"]),
        types=_types,
        is_denied=st.booleans(),
    )
    def release(self, which: int, what: str, types: truth.Definition, is_denied: bool) -> None:
        """What a stage serves changes, and a night follows that may not be allowed to export it."""
        type(self).steps_taken += 1
        stages = [
            (place, api, stage)
            for place, region in enumerate(self.regions.values())
            for api, held in region.apis.items()
            for stage in held.stages
        ]
        faults = {}
        if stages:
            place, api, stage = stages[which % len(stages)]
            details = {"serve": which, "end canary": which % 2 == 0}
            self._change(what, place, api, stage, details.get(what, types))
            if is_denied:
                faults[PLACES[place]] = Faults(exports_of=frozenset({(api, stage)}))
        self.now += timedelta(days=1)
        regions = [(region, faults.get(region.key, Faults())) for region in self.regions.values()]
        self._live(replace(self._plain(), regions=regions))

    @rule(
        which=st.integers(0, 7),
        faults=st.one_of(st.just(Faults()), faults),
        pause=st.sampled_from([24, 24, 0, 73]),
    )
    def rotate(self, which: int, faults: Faults, pause: int) -> None:
        """A certificate is replaced and deleted while a night reads, after the stages and before certificates."""
        type(self).steps_taken += 1
        stages = [
            (place, api, name)
            for place, region in self.regions.items()
            for api, held in region.apis.items()
            for name, stage in held.stages.items()
            if stage.certificate in region.certificates
        ]
        regions = [(region, Faults()) for region in self.regions.values()]
        if stages:
            place, api, name = stages[which % len(stages)]
            region = self.regions[place]
            stage = region.apis[api].stages[name]
            old, stage.certificate = str(stage.certificate), f"new{len(self.oracle.observer.states):02}"
            del region.certificates[old]
            region.certificates[stage.certificate] = truth.Certificate(self.now + timedelta(days=60))
            met = replace(self._own(place, faults), rotated=frozenset({(api, name, old)}))
            regions = [(one, met if one is region else Faults()) for one in self.regions.values()]
        self.now += pause * _hour
        self._live(replace(self._plain(), regions=regions))

    @rule(
        pause=pauses,
        policies=st.one_of(st.none(), policy_sets),
        is_backwards=st.booleans(),
        judges_past=st.sampled_from([False, False, True]),
        dies_after=st.sampled_from([None, None, 0, 1]),
    )
    def judge(
        self,
        pause: timedelta,
        policies: tuple[str, ...] | None,
        is_backwards: bool,
        judges_past: bool,
        dies_after: int | None,
    ) -> None:
        """Policies, enabled or not, are judged again without a reading, or for the first time, or over all nights."""
        type(self).steps_taken += 1
        self.now += pause
        chosen = policies or self.enabled
        self._live(
            Night(
                self.now,
                RunKind.EVALUATE,
                policies=chosen[::-1] if is_backwards else chosen,
                judges_past=judges_past,
                rules=self.judged_by,
                dies_after=dies_after,
            )
        )

    @rule(
        hours=st.sampled_from([1, 24, 72, 24 * 30]),
        days=st.sampled_from([0, 30, 60]),
        private=st.booleans(),
        required=st.sampled_from(["", "owner", "env, owner", " , "]),
    )
    def settings(self, hours: int, days: int, private: bool, required: str) -> None:
        """Somebody changes what counts as fresh, and parameters of policies."""
        type(self).steps_taken += 1
        self.judged_by = Rules(hours * _hour, days, private, required)

    @rule(enabled=policy_sets, backfills=st.booleans())
    def enable(self, enabled: tuple[str, ...], backfills: bool) -> None:
        """Somebody enables other policies."""
        type(self).steps_taken += 1
        self.enabled, self.backfills = enabled, backfills

    @rule(added=_any_policy, pause=pauses)
    def add_policy(self, added: str, pause: timedelta) -> None:
        """Somebody enables one more policy, or disables one, and a night follows."""
        type(self).steps_taken += 1
        self.enabled = tuple(sorted({*self.enabled} ^ {added})) or POLICIES
        self.now += pause
        self._live(self._plain())

    def teardown(self) -> None:
        """At the end of the example every past moment is judged again."""
        if self.oracle.is_settled and self.is_well:
            check_the_past(self.system, self.oracle)
            check_judging_again(self.system, self.oracle, self.judged_again)

    def _live(self, night: Night) -> None:
        type(self).nights_lived += 1
        event(f"{night.kind}, killed: {night.dies_after is not None}")
        # Whatever stops here is what is to be seen, not what follows from it.
        self.is_well = False
        self.system.live(night)
        self.oracle.live(night)
        check(self.system, self.oracle)
        self.is_well = True

    def _covering(self, drawn: dict[str, Any]) -> Night:
        accounts, enabled, regions = {}, {}, []
        for account in ACCOUNTS:
            mode, reads = drawn["modes"][account], drawn["reads"]
            if mode == "left out":
                continue
            accounts[account] = ScopeStatus(mode)
            own = [place for place in PLACES if place[0] == account]
            enabled[account] = [place[1] for place in own if reads[place] != "disabled"]
            regions += [
                (self.regions[place], self._own(place, drawn["faults"][place]))
                for place in own
                if mode == "complete" and reads[place] == "read"
            ]
        return Night(
            self.now,
            drawn["kind"],
            accounts=accounts,
            enabled=enabled,
            regions=regions,
            together=drawn["together"],
            policies=self.enabled,
            backfills=self.backfills,
            rules=self.judged_by,
            dies_after=drawn["dies_after"],
        )

    @staticmethod
    def _own(place: tuple[str, str], drawn: Faults) -> Faults:
        """Return faults with the ARNs of the account-region."""
        return replace(drawn, acm=frozenset(arns(*place)[int(name[-1])] for name in drawn.acm))

    def _change(self, what: str, place: int, *details: Any) -> None:
        region = self.regions[PLACES[place]]
        if what == "api":
            self._toggle(region.apis, details[0], region.key, truth.Api(stages={"dev": truth.Stage()}))
        elif what == "certificate":
            fresh = truth.Certificate(self.now + timedelta(days=31))
            self._toggle(region.certificates, details[0], region.key, fresh)
        elif what == "acm":
            arn = arns(*region.key)[details[0]]
            self._toggle(region.acm, arn, region.key, truth.Certificate(self.now + timedelta(days=60)))
        elif what == "other":
            name, number, seed = details
            parent = PARENTS[name]
            parents = (None,) if parent is None else (f"{parent}0", f"{parent}1")
            owner = parents[number % len(parents)]
            key = "account" if name == "account_settings" else f"{name}{number}"
            other = (name, owner, "" if declared_as(name).key is None else key)
            if seed % 3 or other not in region.others:
                region.others[other] = seed
            else:
                del region.others[other]
        elif what == "expiry":
            found = [*region.certificates.values(), *region.acm.values()]
            if details[0] < len(found):
                days = details[1]
                found[details[0]].expires_at = None if days is None else self.now + timedelta(days=days)
        elif details[0] in region.apis:
            self._change_api(what, region, region.apis[details[0]], *details)

    def _change_api(self, what: str, region: Region, api: truth.Api, name: str, *details: Any) -> None:
        if what == "edit":
            api.draft = details[0]
        elif what == "policy":
            api.policy = details[0]
        elif what == "endpoint":
            api.endpoint_types = details[0]
        elif what == "describe":
            api.noise = api.noise + 1
            api.note, api.name = details[0], [None, "orders", "bills"][details[0]]
        elif what == "stage":
            self._toggle(api.stages, details[0], (*region.key, name), truth.Stage())
        elif details[0] in api.stages:
            self._change_stage(what, region, api, api.stages[details[0]], details[1])

    def _change_stage(
        self, what: str, region: Region, api: truth.Api, stage: truth.Stage, detail: Any
    ) -> None:
        if what == "name":
            stage.certificate = self._certificate(region, detail)
        elif what == "deploy":
            stage.deployment = api.deploy(detail)
        elif what == "canary":
            stage.canary = api.deploy(detail)
        elif what == "serve":
            made = sorted(api.deployments)
            stage.deployment = None if detail < 0 else made[detail % len(made)]
        elif what == "end canary":
            # Promoted, or given up.
            if detail and stage.canary is not None:
                stage.deployment = stage.canary
            stage.canary = None
        elif what == "configure":
            setattr(stage, *detail)
        else:
            stage.note, stage.noise = detail, stage.noise + 1

    @staticmethod
    def _certificate(region: Region, drawn: str | None) -> str | None:
        if drawn is not None and drawn.startswith("acm"):
            return arns(*region.key)[int(drawn[-1])]
        return drawn

    def _toggle(self, held: dict[str, Any], name: str, where: Any, new: Any) -> None:
        """Take a thing away, or bring it: as it was when it had been there before."""
        key = (where, type(new), name)
        if name in held:
            self.kept[key] = held.pop(name)
        else:
            held[name] = self.kept.pop(key, new)
