"""Why a stage has its status: conditions, evidence, what changed, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from cmdb.items import item_type
from cmdb.items.stage import STAGE
from evaluator.catalog.loading import Catalog
from evaluator.judging.explain import Evidence, Explanation, explain, last_read
from gateledger.queries import remediation
from gateledger.queries.reading import Connection, reading, records, rows
from gateledger.queries.remediation import Target
from gateledger.queries.stages import StageUnknown, find_stage
from gateledger.terminal.console import Format, cell, emit, iso, say, short_time
from gateledger.terminal.logs import one_line

Row = Mapping[str, Any]
STEP_KEYS = ("policy_id", "account_id", "resource_arn", "position", "condition", "held", "asks", "saw")


def show_explanations(
    engine: Engine,
    catalog: Catalog,
    arn: str,
    form: Format,
    *,
    as_of: datetime | None = None,
    accounts: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
) -> None:
    """Write the explanations of a stage's verdicts, the stage being any reference that ``find_stage`` takes.

    Raises what ``find_stage`` raises, and ``StageUnknown`` when no policy had judged the stage.
    """
    with reading(engine) as connection:
        told = list(_told(connection, catalog, arn.strip(), as_of, accounts, policies))
    if not told:
        when = "" if as_of is None else f" at {iso(as_of)}"
        raise StageUnknown(
            f"No policy had judged {one_line(arn)}{when}: `gateledger findings --format json` lists the "
            "stages that are judged."
        )
    if form is Format.TABLE:
        for one in told:
            for line in _lines(one):
                say(line)
    elif form is Format.JSON:
        emit(told, form, keys=tuple(told[0]), table=())
    else:
        emit(_steps(told), form, keys=STEP_KEYS, table=())


def _told(
    connection: Connection,
    catalog: Catalog,
    arn: str,
    as_of: datetime | None,
    accounts: Sequence[str] | None,
    policies: Sequence[str] | None,
) -> Iterator[dict[str, Any]]:
    named = find_stage(connection, arn, accounts, policies)
    for stage in named.items:
        served = _served(connection, stage["item_id"], as_of)
        note = None if served is None else served.pop("note")
        for explanation in explain(connection, catalog, stage["item_id"], as_of=as_of, policies=policies):
            target = _target(connection, stage, explanation)
            yield {
                **{name: stage[name] for name in ("resource_arn", "account_id", "account_name", "region")},
                **{
                    name: value
                    for name, value in _plain(explanation).items()
                    if name not in {"relations", "unjoined"}
                },
                "served": served,
                "served_note": note,
                "changed_then": _changes(connection, stage, explanation, target),
                "commands": _commands(explanation, target),
            }


def _served(connection: Connection, item_id: int, as_of: datetime | None) -> dict[str, Any] | None:
    """Return the deployment that a stage served and since when, and how its certificate came before or after it.

    Where it is not said what that changed, ``note`` says why.
    """
    found = records(connection, "explain_served", {"item_id": item_id, "as_of": as_of})
    if not found or found[0]["deployment_id"] is None:
        return None
    (one,) = found
    before = one.pop("version_before_certificate")
    named_at = one.pop("certificate_named_at")
    certificate_id = one.pop("certificate_id")
    canary = {name: one.pop(f"canary_{name}") for name in ("deployment_id", "changed_at", "changes")}
    one["canary"] = canary if any(canary.values()) else None
    one["certificate"] = None
    if certificate_id is not None:
        read_before = None if before is None else last_read(connection, STAGE, before, named_at)
        one["certificate"] = {
            "certificate_id": certificate_id,
            "found_at": named_at,
            "read_before": read_before,
            "attached_after_deployment": None if named_at == one["since"] else named_at > one["since"],
        }
    return one


def _plain(explanation: Explanation) -> dict[str, Any]:
    plain = asdict(explanation)
    plain["evidence"] = [asdict(evidence) for evidence in explanation.evidence]
    return plain


def _evidence(explanation: Explanation, item: str) -> Evidence | None:
    return next((evidence for evidence in explanation.evidence if evidence.item == item), None)


def _target(connection: Connection, stage: Row, explanation: Explanation) -> Target:
    """Return the stage with the certificate that it named when it was judged; of other items only the names."""
    where: dict[str, Any] = {name: stage[name] or "" for name in ("account_id", "region", "stage_name")}
    where |= {"account_name": stage["account_name"], "rest_api_id": stage["api_id"] or ""}
    version = _evidence(explanation, "stage") or _evidence(explanation, "api_stage")
    where["is_websocket"] = version is not None and version.item == "api_stage"
    named = (version.facts["client_certificate_id"] or "").strip() if version is not None else ""
    if not named:
        return Target(**where)
    known = records(
        connection,
        "explain_certificate",
        {"account_id": stage["account_id"], "region": stage["region"], "certificate_id": named},
    )
    if not known:
        return Target(**where, certificate_id=named)
    return Target(
        **where,
        certificate_id=named,
        certificate_kind=known[0]["kind"],
        expires_at=known[0]["expires_at"],
        stages_using=known[0]["stages_using"],
    )


def _commands(explanation: Explanation, target: Target) -> list[str]:
    """Return commands for policies about certificates of stages; others only have their remediation in words."""
    relations = set(explanation.relations)
    if "certificate" not in relations or not relations & {"stage", "api_stage"}:
        return []
    certificate = _evidence(explanation, "certificate")
    exists = certificate is not None and certificate.facts["absent_since"] is None
    if explanation.status == "COMPLIANT":
        return remediation.rotation(target, exists=exists)
    if explanation.status != "INCOMPLIANT":
        return []
    if exists:
        return remediation.rotation(target, exists=True)
    return [*remediation.new_certificate(target), *remediation.rotation(target, exists=False)]


#: Item types of which evidence shows that they changed, in words.
_CHANGED = (
    ("rest_api", "REST API"),
    ("deployment", "A deployment that it serves"),
    ("integration", "Integrations of the API's draft"),
    ("draft", "The API's draft"),
    ("api_stage", "The stage"),
    ("api", "The HTTP or WebSocket API"),
    ("api_routes", "Routes of the API"),
    ("api_integrations", "Integrations of the API"),
    ("domain_name", "The domain name"),
    ("domain_mapping", "Where the domain name leads"),
    ("usage_plan", "The usage plan"),
    ("account_settings", "The settings of API Gateway"),
)


def _changes(connection: Connection, stage: Row, explanation: Explanation, target: Target) -> list[str]:
    """Return, in sentences, what was found to have changed when the status began."""
    since = explanation.since
    told = []
    ((judged_first, is_kept),) = rows(
        connection, "explain_first", {"item_id": stage["item_id"], "policy_id": explanation.policy_id}
    )
    as_far = "" if is_kept else ", as far as history is kept"
    versions = records(connection, "explain_versions", {"item_id": stage["item_id"], "at": since})
    if versions and versions[0]["disappeared_at"] == since:
        told.append("The stage was found gone.")
    elif versions and versions[0]["valid_from"] == since:
        told.append(_stage_change(versions, as_far))
    elif explanation.condition == f"{stage['item_type']}_disappeared":
        told.append(f"{_itself(stage)} was found gone.")
    for item, words in _CHANGED:
        evidence = _evidence(explanation, item)
        if evidence is not None and evidence.valid_from == since and "first time" not in "".join(told):
            facts = ", ".join(f"{name} {cell(value)}" for name, value in evidence.facts.items())
            told.append(f"{words} changed, or first read, then: {facts}.")
    certificate = _evidence(explanation, "certificate")
    if certificate is not None and certificate.facts["absent_since"] == since:
        told.append(f"Certificate {one_line(certificate.item_id)} was found deleted.")
    elif certificate is not None and certificate.valid_from == since:
        told.append(f"Certificate {one_line(certificate.item_id)} was read anew, or for the first time.")
    if judged_first == since:
        told.append(f"The policy judged {_itself(stage).lower()} for the first time{as_far}.")
    if told:
        return told
    if target.expires_at is not None and explanation.condition.startswith("certificate_expire"):
        return [f"Nothing in AWS: time passed, the certificate ends on {iso(target.expires_at)}."]
    if explanation.unjoined:
        beside = ", ".join(sorted(item_type(name).title for name in explanation.unjoined))
        return [f"Nothing in the evidence: {beside} changed, time passed, or reading failed or worked again."]
    return ["Nothing in what was read: time passed, or reading failed or worked again."]


def _itself(item: Row) -> str:
    return "The stage" if item["item_type"] in {"stage", "api_stage"} else "It"


def _stage_change(versions: Sequence[dict[str, Any]], as_far: str) -> str:
    now = versions[0]
    if now["changed"] is None:
        return f"The stage was seen for the first time{as_far}."
    if not now["changed"]:
        return "The stage was updated, without a difference in its settings."
    parts = []
    served = now["served_changes"] or []
    for name in now["changed"]:
        if served and name == "deployment_id":
            continue  # the last of what changed in what is served names both
        if name in now and len(versions) > 1:
            before, after = (cell(version[name]) for version in (versions[1], now))
            parts.append(f"{name} ({before} -> {after})" if before != after else name)
        else:
            parts.append(one_line(name))
    return f"The stage changed: {'; '.join(parts)}."


def _steps(told: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in told:
        for position, step in enumerate(one["steps"], start=1):
            yield {
                "policy_id": one["policy_id"],
                "account_id": one["account_id"],
                "resource_arn": one["resource_arn"],
                "position": position,
                **step,
            }


def _lines(one: dict[str, Any]) -> Iterator[str]:
    name = f" ({one_line(one['account_name'])})" if one["account_name"] else ""
    yield f"{one_line(one['resource_arn'])}, account {one['account_id']}{name}"
    yield f"{one['policy_id']}: {one['status']} since {short_time(one['since'])}"
    yield f"  {one_line(one['message'])}"
    yield (
        f"  Condition {one['condition']} since {short_time(one['valid_from'])}"
        + (f", until {short_time(one['valid_to'])}" if one["valid_to"] else "")
        + f"; judged {short_time(one['evaluated_at'])} by version {one['policy_version'][:12]} of the policy."
    )
    if one["episode_since"] is not None and one["episode_since"] != one["since"]:
        yield f"  Incompliant, undetermined stretches included, since {short_time(one['episode_since'])}."
    yield ""
    yield "Conditions, in their order:"
    if one["missing"]:
        yield f"  {one_line(one['missing'])}"
    yield from _step_lines(one["steps"])
    yield ""
    yield "Evidence:"
    for evidence in one["evidence"]:
        yield from _evidence_lines(evidence)
    yield ""
    yield from _served_lines(one["served"], one["served_note"])
    yield f"What changed at {short_time(one['since'])}:"
    for change in one["changed_then"]:
        yield f"  {change}"
    if one["remediation"] or one["commands"]:
        yield ""
        yield "What to do:"
        if one["remediation"]:
            yield f"  {one_line(one['remediation'])}"
        yield from one["commands"]
    yield ""


def _step_lines(steps: Sequence[dict[str, Any]]) -> Iterator[str]:
    left = []
    for step in steps:
        if step["held"] is None:
            left.append(step["condition"])
            continue
        yield f"  {'HELD  ' if step['held'] else 'passed'}  {step['condition']}: {one_line(step['asks'])}"
        for name, value in step["saw"].items():
            yield f"            {name} = {cell(value)}"
    if left:
        yield f"  not looked at: {', '.join(dict.fromkeys(left))}"


def _served_lines(served: dict[str, Any] | None, note: str) -> Iterator[str]:
    if served is None or served["deployment_id"] is None:
        return
    yield f"Serves deployment {one_line(served['deployment_id'])} since {short_time(served['since'])}:"
    for change in served["changes"] or (note,):
        yield f"  {one_line(change)}"
    if served["canary"] is not None:
        yield from _canary_lines(served["canary"])
    if served["certificate"] is not None:
        yield f"  {_attached(served['certificate'])}"
    yield ""


def _canary_lines(canary: dict[str, Any]) -> Iterator[str]:
    if canary["changes"] is None:
        yield f"  Its canary serves deployment {one_line(canary['deployment_id'])}, the first that is known."
        return
    yield f"  Its canary, {short_time(canary['changed_at'])}:"
    for change in canary["changes"]:
        yield f"    {one_line(change)}"


def _attached(certificate: dict[str, Any]) -> str:
    name, found = one_line(certificate["certificate_id"]), short_time(certificate["found_at"])
    if certificate["attached_after_deployment"] is None:
        return f"Certificate {name} was found with it: which of the two came first is not known."
    if not certificate["attached_after_deployment"]:
        return f"Certificate {name} was attached before: it was found at {found}."
    between = (
        f"before the reading of {found}"
        if certificate["read_before"] is None
        else f"between the readings of {short_time(certificate['read_before'])} and {found}"
    )
    return (
        f"Certificate {name} was attached after the stage served it, {between}, and no other deployment was seen "
        "since: AWS's texts disagree on whether the stage presents it before the next one."
    )


def _evidence_lines(evidence: dict[str, Any]) -> Iterator[str]:
    until = f" until {short_time(evidence['valid_to'])}" if evidence["valid_to"] else ""
    read = "never read" if evidence["read_at"] is None else f"read {short_time(evidence['read_at'])}"
    run = f" by run {evidence['run_id']}" if evidence["run_id"] is not None else ""
    yield (
        f"  {evidence['item']} {one_line(evidence['item_id'])}: version {evidence['version_id']}, so since "
        f"{short_time(evidence['valid_from'])}{until}; {read}{run}"
    )
    facts = ", ".join(f"{name} {cell(value)}" for name, value in evidence["facts"].items())
    yield f"    {facts}"
