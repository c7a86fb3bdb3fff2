"""What a policy reads of what belongs to a stage, and which policies do not judge each stage by itself."""

from __future__ import annotations

import pytest

from evaluator.catalog.loading import load_catalog
from evaluator.catalog.locality import local_form
from tests.support.policies import SSL, reading_more

PLAIN = load_catalog().policy(SSL).logic_sql


def test_columns_of_evidence_and_keys_of_joins_are_not_judged_by() -> None:
    local = local_form(PLAIN)
    assert local is not None
    assert {"stage.client_certificate_id", "rest_api.is_private", "integration.has_http"} <= local.reads
    assert not {
        name for name in local.reads if name.endswith(("version_id", "account_region_id", "stage_id"))
    }


def test_columns_that_verdicts_depend_on_are_read() -> None:
    read = {policy.id.rpartition("/")[2]: local_form(policy.logic_sql) for policy in reading_more()}
    for name, column in (
        ("deployment", "stage.deployment_id"),
        ("types", "integration.types"),
        ("name", "rest_api.name"),
        ("created", "certificate.created_at"),
        ("version", "certificate.version_id"),
    ):
        local = read[name]
        assert local is not None
        assert column in local.reads


def test_a_column_without_its_relation_may_be_any_relations() -> None:
    local = local_form(PLAIN.replace("NOT integration.has_http", "NOT has_http"))
    assert local is not None
    assert {"stage.has_http", "rest_api.has_http", "integration.has_http"} <= local.reads


@pytest.mark.parametrize("row", ["rest_api IS NULL", "to_jsonb(stage) IS NULL", "(stage).version_id IS NULL"])
def test_a_policy_that_reads_whole_rows_is_judged_in_full(row: str) -> None:
    text = PLAIN.replace("rest_api.is_private IS NULL", row)
    assert text != PLAIN
    assert local_form(text) is None
