"""The oracle's policies, as plain Python: each says in its own way what the descriptions of the policies promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.model.knowledge import Knowledge, KnownApi, KnownCertificate, KnownRegion, KnownStage, StageKey
from tests.model.truth import ALL, Method, names_one

_FAMILY = "/ce/ca/aws/apigateway/rest-api-stage-"
_OURS = "/gateledger/aws/apigateway/rest-api-stage-"
SSL = f"{_FAMILY}ssl-certificate"
EXPIRY = f"{_FAMILY}client-certificate-expiry"
WAF = f"{_FAMILY}waf-web-acl"
TRACING = f"{_FAMILY}x-ray-tracing"
TAGS = f"{_OURS}tags"
DRAFT = f"{_OURS}draft"

#: Statuses of conditions, by their names in the policies whose verdicts the oracle knows.
_STATUSES = {
    "DISAPPEARED": ("stage_disappeared",),
    "UNDETERMINED": (
        "inventory_stale", "integrations_unknown", "certificates_unknown", "expiry_unknown", "methods_unknown",
        "policy_unknown", "authorization_unknown", "scheme_unknown", "deployment_unknown", "order_unknown",
        "served_unknown", "draft_unknown",
    ),
    "INAPPLICABLE": (
        "private_endpoint", "no_http_integration", "no_method", "no_cache", "nothing_cached", "no_variables",
        "nothing_required",
    ),
    "INCOMPLIANT": (
        "certificate_expired", "certificate_expires_soon", "tracing_disabled", "logging_off", "data_trace_on",
        "metrics_off", "not_throttled", "cache_not_encrypted", "web_acl_missing", "secret_found", "description_missing",
        "tag_missing", "destination_missing", "open_method", "attached_late", "plain_http", "draft_differs",
    ),
    "COMPLIANT": (
        "certificate_present", "certificate_valid", "tracing_enabled", "logging_on", "data_trace_off", "metrics_on",
        "throttled", "cache_encrypted", "web_acl_associated", "no_secret_found", "description_given", "tags_present",
        "destination_set", "policy_restricts", "authorized", "deployed_since", "https_only", "draft_served",
        "draft_differs_recently",
    ),
}  # fmt: skip
_STATUS_OF = {condition: status for status, conditions in _STATUSES.items() for condition in conditions}
#: Where the same condition has another status by policy.
_OWN = {
    (SSL, "certificate_empty"): "INCOMPLIANT",
    (SSL, "certificate_deleted"): "INCOMPLIANT",
}


@dataclass(frozen=True)
class Rules:
    """What an evaluation is told: how old a reading may be, and parameters of policies."""

    max_staleness: timedelta = timedelta(hours=72)
    days: int = 30
    private: bool = True
    required: str = ""


Subjects = tuple[str, ...] | None
"""What is at fault within an item."""


@dataclass(frozen=True)
class _Case:
    """A stage as a policy sees it."""

    region: KnownRegion
    rest_api_id: str
    api: KnownApi
    stage: KnownStage
    as_of: datetime
    rules: Rules

    def served(self) -> tuple[list[Method], bool]:
        """Return the methods that the stage is known to serve, and whether that is all."""
        wanted = [self.stage.deployment]
        if self.stage.seen.canary is not None:
            wanted.append(self.stage.seen.canary)
        known = [self.api.deployments.get(name) for name in wanted if name is not None]
        methods = [method for one in known if one is not None for method in one]
        return methods, None not in wanted and None not in known

    def settings_of(self, method: Method) -> Mapping[str, object]:
        """Return the settings that apply to a method: its own, else those of all, else none."""
        for target, settings in self.stage.seen.settings.items():
            if (target.path, target.verb) == (method.path, method.verb) and target.spelling != "leading":
                return settings
        for target, settings in self.stage.seen.settings.items():
            if (target.path, target.verb) == ALL:
                return settings
        return {}


def status_of(policy_id: str, condition: str) -> str:
    """Return the status that a condition gives."""
    if condition in {"certificate_empty", "certificate_deleted"}:
        return _OWN.get((policy_id, condition), "INAPPLICABLE")
    return _STATUS_OF[condition]


def verdicts(known: Knowledge, policy_id: str, as_of: datetime, rules: Rules) -> dict[StageKey, str]:
    """Return the condition of every stage ever known, as of a time."""
    judge = _JUDGES[policy_id]
    return {key: _always(case) or judge(case) for key, case in _cases(known, as_of, rules)}


def subjects(known: Knowledge, policy_id: str, as_of: datetime, rules: Rules) -> dict[StageKey, Subjects]:
    """Return what is at fault within every stage ever known; None: the policy does not say, or it is gone or stale."""
    name = _NAMES.get(policy_id, lambda case: None)
    return {key: None if _always(case) else name(case) for key, case in _cases(known, as_of, rules)}


def _cases(known: Knowledge, as_of: datetime, rules: Rules) -> Iterator[tuple[StageKey, _Case]]:
    for key, region in known.regions.items():
        for rest_api_id, api in region.apis.items():
            for name, stage in api.stages.items():
                yield (*key, rest_api_id, name), _Case(region, rest_api_id, api, stage, as_of, rules)


def _always(case: _Case) -> str | None:
    if case.stage.gone_at is not None:
        return "stage_disappeared"
    return None if is_fresh(case.api.stages_read_at, case.as_of, case.rules) else "inventory_stale"


def is_fresh(read_at: datetime | None, as_of: datetime, rules: Rules) -> bool:
    """Return whether a reading is young enough to judge by."""
    return read_at is not None and as_of - read_at <= rules.max_staleness


def _ssl(case: _Case) -> str:
    return (
        _about_api(case)
        or ("certificate_empty" if not names_one(case.stage.certificate) else None)
        or _about_certificate(case)
        or "certificate_present"
    )


def _expiry(case: _Case) -> str:
    if not names_one(case.stage.certificate):
        return "certificate_empty"
    certificate = _certificate(case)
    condition = _about_api(case) or _about_certificate(case)
    if condition is not None or certificate is None:
        return condition or "certificates_unknown"
    if certificate.expires_at is None:
        return "expiry_unknown"
    if certificate.expires_at <= case.as_of:
        return "certificate_expired"
    soon = certificate.expires_at <= case.as_of + timedelta(days=case.rules.days)
    return "certificate_expires_soon" if soon else "certificate_valid"


def _about_api(case: _Case) -> str | None:
    """Return what keeps a stage from calling HTTP backends, or from being known to."""
    if case.api.is_private:
        return "private_endpoint"
    methods, is_all = case.served()
    if any(method.integration in {"HTTP", "HTTP_PROXY"} for method in methods):
        return None
    return "no_http_integration" if is_all else "integrations_unknown"


def _about_certificate(case: _Case) -> str | None:
    """Return what keeps a certificate from being there: not known, or proven deleted.

    The proof has to be younger than the stage's naming the certificate, and the stage has to name it still.
    """
    certificate = _certificate(case)
    if certificate is None or not is_fresh(certificate.read_at, case.as_of, case.rules):
        return "certificates_unknown"
    if certificate.absent_since is None:
        return None if certificate.followed else "certificates_unknown"
    assert case.api.stages_read_at is not None
    was_named = case.stage.named_at <= certificate.read_at
    is_still_named = certificate.absent_since <= case.api.stages_read_at
    return "certificate_deleted" if was_named and is_still_named else "certificates_unknown"


def _certificate(case: _Case) -> KnownCertificate | None:
    named = case.stage.certificate
    return None if named is None else case.region.certificates.get(named)


def _attached_late(case: _Case) -> str:
    if not names_one(case.stage.certificate):
        return "certificate_empty"
    if case.stage.deployment is None:
        return "deployment_unknown"
    if case.stage.served_at == case.stage.named_at:
        return "order_unknown"
    return "deployed_since" if case.stage.served_at > case.stage.named_at else "attached_late"


def _each_method(
    is_faulty: Callable[[Mapping[str, object]], bool], fault: str, fine: str
) -> Callable[[_Case], str]:
    """Return a policy that asks for something of the settings of each method that is served."""

    def judge(case: _Case) -> str:
        methods, is_all = case.served()
        if any(is_faulty(case.settings_of(method)) for method in methods):
            return fault
        if not is_all:
            return "methods_unknown"
        return fine if methods else "no_method"

    return judge


def _is_silent(settings: Mapping[str, object]) -> bool:
    return settings.get("loggingLevel") not in {"ERROR", "INFO"}


def _is_traced(settings: Mapping[str, object]) -> bool:
    return bool(settings.get("dataTraceEnabled"))


def _is_unmeasured(settings: Mapping[str, object]) -> bool:
    return not settings.get("metricsEnabled")


def _is_kept_open(settings: Mapping[str, object]) -> bool:
    return bool(settings.get("cachingEnabled")) and not settings.get("cacheDataEncrypted")


def _is_unlimited(settings: Mapping[str, object]) -> bool:
    limits = [settings.get(name) for name in ("throttlingRateLimit", "throttlingBurstLimit")]
    return any(not isinstance(limit, (int, float)) or limit < 0 for limit in limits)


def _cache(case: _Case) -> str:
    if case.stage.seen.caches is not True:
        return "no_cache"
    methods, is_all = case.served()
    settings = [case.settings_of(method) for method in methods]
    if any(map(_is_kept_open, settings)):
        return "cache_not_encrypted"
    if not is_all:
        return "methods_unknown"
    if not methods:
        return "no_method"
    return "cache_encrypted" if any(one.get("cachingEnabled") for one in settings) else "nothing_cached"


def _waf(case: _Case) -> str:
    if case.api.is_private and not case.rules.private:
        return "private_endpoint"
    return "web_acl_associated" if names_one(case.stage.seen.web_acl) else "web_acl_missing"


def _secrets(case: _Case) -> str:
    held = {**(case.stage.seen.variables or {})}
    for name, is_secret in (case.stage.seen.overrides or {}).items():
        held[name] = held.get(name, False) or is_secret
    if not held:
        return "no_variables"
    return "secret_found" if any(held.values()) else "no_secret_found"


def _tags(case: _Case) -> str:
    required = {key.strip() for key in case.rules.required.split(",")} - {""}
    if not required:
        return "nothing_required"
    return "tags_present" if required <= case.stage.seen.tags else "tag_missing"


def _authorization(case: _Case) -> str:
    """Judge who may call: each method asks, or the API's resource policy does."""
    methods, is_all = case.served()
    methods = [method for method in methods if method.verb != "OPTIONS"]
    who = case.api.policy
    # Nobody may call a private API without a policy; what a garbled one says is not known.
    anybody = {None: not case.api.is_private, "everybody": True, "somebody": False, "garbled": None}[who]
    found = {_asks(method) for method in methods}
    if False in found and anybody is True:
        return "open_method"
    if not is_all:
        own_is_known = case.stage.deployment is not None and case.stage.deployment in case.api.deployments
        # What the canary serves could not make a difference to an API that not everybody may call.
        if not own_is_known or not methods or anybody is not False:
            return "methods_unknown"
    if not methods:
        return "no_method"
    if found == {True}:
        return "authorized"
    if anybody is False:
        return "policy_restricts"
    return "policy_unknown" if False in found else "authorization_unknown"


def _asks(method: Method) -> bool | None:
    """Return whether a method asks who calls; None: it is not known."""
    if method.authorization not in {None, "NONE"} or method.needs_key:
        return True
    return None if None in (method.authorization, method.needs_key) else False


def _backend(case: _Case) -> str:
    methods, is_all = case.served()
    schemes = {method.scheme for method in methods if method.integration in {"HTTP", "HTTP_PROXY"}}
    if "http" in schemes:
        return "plain_http"
    if not is_all:
        return "methods_unknown"
    if not schemes:
        return "no_http_integration"
    return "https_only" if schemes == {"https"} else "scheme_unknown"


def _draft(case: _Case) -> str:
    """Judge whether the stage has served something else than the draft for long."""
    if case.api.is_private:
        return "private_endpoint"
    if case.stage.deployment is None or case.stage.deployment not in case.api.deployments:
        return "served_unknown"
    draft = case.region.others.get(("draft", case.rest_api_id, ""))
    if draft is None or draft.is_gone or not is_fresh(draft.read_at, case.as_of, case.rules):
        return "draft_unknown"
    if draft.read_at < case.stage.served_at:
        return "draft_unknown"
    if not _differing_methods(case):
        return "draft_served"
    assert draft.edited_at is not None
    changed_at = max(draft.edited_at, case.stage.served_at)
    is_old = case.as_of - changed_at >= timedelta(days=case.rules.days)
    return "draft_differs" if is_old else "draft_differs_recently"


def _differing_methods(case: _Case) -> Subjects:
    """Name the methods that the draft and what the stage serves do not have in common."""
    deployment = case.stage.deployment
    served = () if deployment is None else case.api.deployments.get(deployment, ())
    draft = case.region.others.get(("draft", case.rest_api_id, ""))
    edited = {(method.path, method.verb): method for method in (draft.draft if draft is not None else ())}
    found = []
    for method in served:
        other = edited.pop((method.path, method.verb), None)
        if other is None or _differ(method, other):
            found.append(method)
    return _names([*found, *edited.values()])


def _differ(one: Method, other: Method) -> bool:
    """Return whether two methods differ in what both say."""
    if (one.integration, one.scheme) != (other.integration, other.scheme):
        return True
    access = ((one.authorization, other.authorization), (one.needs_key, other.needs_key))
    return any(a != b for a, b in access if a is not None and b is not None)


def _filled(name: str, there: str, missing: str) -> Callable[[_Case], str]:
    """Return a policy that asks whether a stage has something that is not blank."""
    return lambda case: there if names_one(getattr(case.stage.seen, name)) else missing


_JUDGES: Mapping[str, Callable[[_Case], str]] = {
    SSL: _ssl,
    EXPIRY: _expiry,
    WAF: _waf,
    TAGS: _tags,
    DRAFT: _draft,
    f"{_OURS}certificate-attached-late": _attached_late,
    TRACING: lambda case: "tracing_enabled" if case.stage.seen.traces else "tracing_disabled",
    f"{_OURS}execution-logging": _each_method(_is_silent, "logging_off", "logging_on"),
    f"{_OURS}data-trace": _each_method(_is_traced, "data_trace_on", "data_trace_off"),
    f"{_OURS}detailed-metrics": _each_method(_is_unmeasured, "metrics_off", "metrics_on"),
    f"{_OURS}throttling": _each_method(_is_unlimited, "not_throttled", "throttled"),
    f"{_OURS}cache-encryption": _cache,
    f"{_OURS}variable-secrets": _secrets,
    f"{_OURS}description": _filled("description", "description_given", "description_missing"),
    f"{_OURS}access-logging": _filled("access_log", "destination_set", "destination_missing"),
    f"{_OURS}method-authorization": _authorization,
    f"{_OURS}backend-https": _backend,
}


def _names(methods: Iterable[Method]) -> Subjects:
    return tuple(sorted({f"{method.verb} {method.path}" for method in methods}))


def _methods_with(is_faulty: Callable[[Mapping[str, object]], bool]) -> Callable[[_Case], Subjects]:
    return lambda case: _names(method for method in case.served()[0] if is_faulty(case.settings_of(method)))


def _secret_names(case: _Case) -> Subjects:
    held = [*(case.stage.seen.variables or {}).items(), *(case.stage.seen.overrides or {}).items()]
    return tuple(sorted({name for name, is_secret in held if is_secret})) if held else None


def _missing_tags(case: _Case) -> Subjects:
    required = {key.strip() for key in case.rules.required.split(",")} - {""}
    return tuple(sorted(required - case.stage.seen.tags))


def _open_methods(case: _Case) -> Subjects:
    """Name the methods that anybody may call; without one those of which it is not known."""
    methods = [method for method in case.served()[0] if method.verb != "OPTIONS"]
    return _names(method for method in methods if _asks(method) is False) or _names(
        method for method in methods if _asks(method) is None
    )


def _plain_backends(case: _Case) -> Subjects:
    """Name the methods that call a backend over HTTP; without one those whose backend is not known."""
    methods = [one for one in case.served()[0] if one.integration in {"HTTP", "HTTP_PROXY"}]
    return _names(method for method in methods if method.scheme == "http") or _names(
        method for method in methods if method.scheme != "https"
    )


_NAMES: Mapping[str, Callable[[_Case], Subjects]] = {
    TAGS: _missing_tags,
    DRAFT: _differing_methods,
    f"{_OURS}execution-logging": _methods_with(_is_silent),
    f"{_OURS}data-trace": _methods_with(_is_traced),
    f"{_OURS}detailed-metrics": _methods_with(_is_unmeasured),
    f"{_OURS}throttling": _methods_with(_is_unlimited),
    f"{_OURS}cache-encryption": _methods_with(_is_kept_open),
    f"{_OURS}variable-secrets": _secret_names,
    f"{_OURS}method-authorization": _open_methods,
    f"{_OURS}backend-https": _plain_backends,
}

POLICIES = (EXPIRY, SSL)
"""The policies about certificates, which each life of the examples judges."""
MODELLED = tuple(sorted(_JUDGES))
"""The policies whose verdicts the oracle knows."""
