"""What a policy reads of what belongs to an item, and which policies do not judge each item on its own."""

from __future__ import annotations

import pytest

from evaluator.catalog.composition import compose
from evaluator.catalog.loading import load_catalog
from tests.support.policies import SSL, reading_more

PLAIN = load_catalog().policy(SSL).logic_sql


def test_columns_of_joins_are_not_judged_by() -> None:
    local = compose(PLAIN, "stage").local
    assert local is not None
    assert "client_certificate_id" in local.reads["stage"]
    assert local.reads["rest_api"] == {"is_private"}
    assert local.reads["deployment"] == local.reads["canary"] == {"item_id", "has_http"}


def test_names_are_read_as_postgresql_reads_them() -> None:
    mixed = PLAIN.replace("AS canary", "AS Canary").replace(
        "stage.client_certificate_id", "Stage.Client_Certificate_ID"
    )
    plain, local = compose(PLAIN, "stage").local, compose(mixed, "stage").local
    assert plain is not None
    assert local is not None
    assert local.reads == plain.reads


def test_columns_that_verdicts_depend_on_are_read() -> None:
    read = {policy.id.rpartition("/")[2]: policy.logic.composition.local for policy in reading_more()}
    for name, relation, column in (
        ("deployment", "stage", "deployment_id"),
        ("types", "deployment", "types"),
        ("name", "rest_api", "name"),
        ("created", "certificate", "created_at"),
        ("tracing", "stage", "tracing_enabled"),
        ("payload", "stage", "payload"),
        ("version", "certificate", "version_id"),
        ("subjects", "rest_api", "name"),
    ):
        local = read[name]
        assert local is not None
        assert column in local.reads[relation]


def test_a_relation_is_evidence_from_the_first_branch_on_that_reads_it() -> None:
    composition = compose(PLAIN, "stage")
    names = composition.conditions
    assert list(composition.looked_at) == ["stage", "rest_api", "deployment", "canary", "certificate"]
    assert names[composition.looked_at["rest_api"] - 1] == "private_endpoint"
    assert names[composition.looked_at["deployment"] - 1] == "integrations_unknown"
    assert names[composition.looked_at["certificate"] - 1] == "certificates_unknown"


def test_what_is_computed_is_evidence_of_all_that_it_is_computed_from() -> None:
    policy = load_catalog().policy("/gateledger/aws/apigateway/rest-api-stage-data-trace")
    composition = policy.logic.composition
    names = composition.conditions
    assert {names[composition.looked_at[one] - 1] for one in ("deployment", "canary")} == {"data_trace_on"}
    assert composition.local is not None
    assert composition.local.reads["canary"] == {"methods"}


def test_lateral_subqueries_within_each_other_are_computed_once_each() -> None:
    inner = "LEFT JOIN LATERAL (SELECT stage.tags AS a) AS deep ON true"
    lateral = (
        f"LEFT JOIN LATERAL (SELECT many.a FROM (SELECT stage.tags AS a) AS many {inner}) AS many ON true"
    )
    text = PLAIN.replace("WHEN rest_api.is_private THEN", "WHEN many.a IS NULL THEN") + lateral
    local = compose(text, "stage").local

    assert local is not None
    assert "tags" in local.reads["stage"]
    assert local.computed.count("OFFSET 0) AS deep") == local.computed.count("OFFSET 0) AS many ON true") == 1


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("rest_api.item_id = stage.parent_id", "rest_api.name = stage.stage_name"),
        PLAIN.replace("rest_api.item_id = stage.parent_id", "rest_api.item_id > stage.parent_id"),
        PLAIN.replace("NOT deployment.has_http", "EXISTS (SELECT FROM scope WHERE scope.is_fresh)"),
        PLAIN.replace("NOT deployment.has_http", "certificate.read_at < certificate.expires_at"),
        PLAIN.replace("NOT deployment.has_http", "certificate.expires_at < :as_of"),
        f"{PLAIN}LEFT JOIN LATERAL (SELECT count(*) AS n FROM stage AS other) AS many ON true",
        f"{PLAIN}LEFT JOIN LATERAL (SELECT count(*) AS n) AS many ON stage.tracing_enabled",
        f"{PLAIN}LEFT JOIN LATERAL (SELECT stage.stage_name) AS many (n) ON true",
    ],
)
def test_a_policy_that_looks_at_more_than_what_belongs_to_the_item_is_judged_in_full(text: str) -> None:
    assert text != PLAIN
    assert compose(text, "stage").local is None
