"""Which policies are enabled: those that the settings name, else all but those that are off by default."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evaluator.catalog.loading import load_catalog
from evaluator.errors import PolicyError

PREFIX = "/ce/ca/aws/apigateway/"
TRACING = f"{PREFIX}rest-api-stage-x-ray-tracing"
SSL = f"{PREFIX}rest-api-stage-ssl-certificate"
EXPIRY = f"{PREFIX}rest-api-stage-client-certificate-expiry"


def ids(patterns: list[str] | None, *folders: Path) -> list[str]:
    return [policy.id for policy in load_catalog(folders).enabled(patterns)]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([TRACING], [TRACING]),
        (["rest-api-stage-x-ray-tracing"], [TRACING]),
        (["rest-api-stage-*-certificate*"], [EXPIRY, SSL]),
        (["*/rest-api-stage-x-ray-tracing", "rest-api-stage-ssl-certificate"], [SSL, TRACING]),
    ],
)
def test_ids_last_parts_and_patterns_name_policies(patterns: list[str], expected: list[str]) -> None:
    assert ids(patterns) == expected


def test_a_policy_that_is_off_by_default_is_enabled_by_its_name_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(load_catalog().policy(TRACING).folder, folder)
    text = (folder / "policy.yaml").read_text().replace(TRACING, "/mine/tracing") + "\ndefault: off\n"
    (folder / "policy.yaml").write_text(text)

    assert "/mine/tracing" not in ids(None, tmp_path)
    assert set(ids(None, tmp_path)) == {policy.id for policy in load_catalog().policies if policy.is_default}
    assert ids(["tracing"], tmp_path) == ["/mine/tracing"]


def test_a_pattern_that_no_policy_matches_is_refused() -> None:
    with pytest.raises(
        PolicyError, match=r"GATELEDGER_POLICIES names 'rest-api-stage-xray', which no policy"
    ):
        ids([SSL, "rest-api-stage-xray"])
