"""The shipped policies' former text, in today's form: what judged by drafts can still be explained."""

from __future__ import annotations

from evaluator.catalog.logic import check_logic
from evaluator.judging.former import is_former, of_today

FORMER = """-- Does the stage authenticate to its backends?
SELECT
    stage.stage_id,
    stage.account_region_id,
    CASE
        WHEN stage.disappeared_at IS NOT NULL THEN 'stage_disappeared'
        WHEN NOT stage.is_fresh THEN 'inventory_stale'
        WHEN rest_api.is_private THEN 'private_endpoint'
        WHEN integration.rest_api_key IS NULL THEN 'integrations_unknown'
        WHEN NOT integration.has_http THEN 'no_http_integration'
        WHEN certificate.certificate_id IS NULL OR NOT certificate.is_fresh THEN 'certificates_unknown'
        WHEN certificate.absent_since IS NULL THEN 'certificate_present'
        ELSE 'unexpected'
    END AS condition,
    stage.version_id AS stage_version,
    CASE WHEN stage.is_fresh THEN rest_api.version_id END AS rest_api_version,
    integration.version_id AS integration_version,
    certificate.version_id AS certificate_version
FROM stage
LEFT JOIN rest_api ON rest_api.rest_api_key = stage.rest_api_key
LEFT JOIN integration ON integration.rest_api_key = stage.rest_api_key
LEFT JOIN certificate
    ON certificate.account_region_id = stage.account_region_id
    AND certificate.certificate_id = stage.client_certificate_id
"""


def test_a_former_logic_is_read_in_the_form_of_today() -> None:
    assert is_former(FORMER)
    text = of_today(FORMER)
    assert not is_former(text)
    logic = check_logic("former", text, (), "stage")
    composition = logic.composition
    # the shared branches are there once, and the draft is the evidence
    assert composition.conditions == (
        *("stage_disappeared", "inventory_stale", "private_endpoint", "integrations_unknown"),
        *("no_http_integration", "certificates_unknown", "certificate_present", "unexpected"),
    )
    assert list(composition.looked_at) == ["stage", "rest_api", "integration", "certificate"]
    assert "deployment" not in logic.relations
    joins = {one.alias: one.pairs for one in composition.joined}
    assert [(pair.column, pair.other_column) for pair in joins["integration"]] == [("parent_id", "parent_id")]
    assert [(pair.column, pair.other_column) for pair in joins["rest_api"]] == [("item_id", "parent_id")]
