"""Policies that read what the catalog's do not."""

from __future__ import annotations

from dataclasses import replace

from evaluator.catalog.loading import load_catalog
from evaluator.catalog.logic import check_logic
from evaluator.catalog.policy import Policy

SSL = "/ce/ca/aws/apigateway/rest-api-stage-ssl-certificate"
_PLACE = "        WHEN stage.client_certificate_id IS NULL OR"
_SUBJECTS = "CASE WHEN stage.deployment_id IN ('d1', 'd4') THEN ARRAY[stage.deployment_id, rest_api.name] END"
_READING = {
    "deployment": "stage.deployment_id IN ('d1', 'd3', 'd8')",
    "types": "cardinality(deployment.types) = 2",
    "name": "rest_api.name = 'name of api002'",
    "created": "certificate.created_at < certificate.expires_at - interval '100 days'",
    "tracing": "stage.tracing_enabled",
    "payload": "stage.payload ->> 'deploymentId' = 'd3'",
    "version": "stage.version_id % 2 = 1 OR certificate.version_id % 2 = 1 OR rest_api.version_id % 2 = 1",
}


def reading_more() -> list[Policy]:
    """Return a policy for each kind of column that no policy of the catalog judges by."""
    policy = load_catalog().policy(SSL)
    found = []
    for name, test in _READING.items():
        text = policy.logic_sql.replace(_PLACE, f"        WHEN {test} THEN 'private_endpoint'\n{_PLACE}", 1)
        assert test in text
        logic = check_logic(name, text, (), policy.logic.composition.item.declared)
        found.append(replace(policy, id=f"/tests/reading/{name}", logic=logic, cases=(), sections=()))
    return [*found, _naming_what_is_at_fault(policy)]


def _naming_what_is_at_fault(policy: Policy) -> Policy:
    """Return a policy that names subjects, which change more often than its verdict."""
    text = policy.logic_sql.replace("END AS condition", f"END AS condition,\n    {_SUBJECTS} AS subjects")
    logic = check_logic("subjects", text, (), policy.logic.composition.item.declared)
    return replace(policy, id="/tests/reading/subjects", logic=logic, cases=(), sections=())
